// cli/info.c: `version`, `help` and `doctor`: about the program and the machine.
#include "cli/commands.h"

int cli_command_version(const cli_options *options)
{
    if (!options->version && !cli_no_files(options)) {
        return CLI_USAGE;
    }
    printf("bl-uring " BL_VERSION "\n");
    return CLI_OK;
}

int cli_command_help(const cli_options *options)
{
    cli_command command = CLI_COMMAND_COUNT;
    if (options->file_count > 0) {
        command = cli_command_of(options->files[0]);
        if (command == CLI_COMMAND_COUNT) {
            const char *meant = cli_command_like(options->files[0]);
            fprintf(stderr, "bl-uring: no command %s: %s%s%s\n", options->files[0],
                    meant != NULL ? "did you mean " : "see bl-uring help", meant ? meant : "",
                    meant != NULL ? "?" : "");
            return CLI_USAGE;
        }
    }
    bl_buffer text = {0};
    cli_help_write(command, &text);
    cli_write(stdout, &text);
    return CLI_OK;
}

static void print_bytes(const char *name, uint64_t bytes)
{
    if (bytes == UINT64_MAX) {
        printf("%-24s no limit\n", name);
    } else {
        printf("%-24s %llu KiB\n", name, (unsigned long long)bytes / 1024);
    }
}

int cli_command_doctor(const cli_options *options)
{
    if (!cli_no_files(options)) {
        return CLI_USAGE;
    }
    eng_probe_report report;
    eng_probe(&options->limits, &report);
    printf("%-24s %s\n", "kernel", report.kernel);
    printf("%-24s %u\n", "CPUs for this process", report.cpu_count);
    printf("%-24s %llu\n", "open files", (unsigned long long)report.file_limit);
    print_bytes("locked memory, limit", report.memlock_limit);
    print_bytes("locked memory, a core", report.memlock_need);
    for (uint32_t i = 0; i < report.feature_count; i++) {
        const eng_feature *feature = &report.features[i];
        const char *state = !feature->is_there ? "missing" : feature->is_used ? "used" : "not used";
        printf("%-24s %-9s %s\n", feature->name, state, feature->remark);
    }
    if (report.status != BL_OK) {
        printf("\nThis machine cannot serve: %s\n", report.error.message);
        return CLI_NO_RING;
    }
    printf("\nThis machine can serve.\n");
    return CLI_OK;
}
