// cli/check.c: `check`, `fmt` and `dump`: what the front end says without running anything.
#include "cli/commands.h"

#include <errno.h>
#include <unistd.h>

int cli_command_check(const cli_options *options)
{
    const char *path = cli_only_file(options);
    if (path == NULL) {
        return CLI_USAGE;
    }
    lang_options compile = {.check_only = true};
    if (!lang_level_from_name(bl_slice_of(options->level), &compile.level)) {
        fprintf(stderr, "Unknown verification level: %s. Valid: types, refinements, full, skip\n",
                options->level);
        return CLI_FAILURE;
    }
    lang_result *result = lang_compile(cli_library(), bl_slice_of(path), &compile);
    bl_buffer text = {0};
    if (options->json) {
        lang_diagnostics_write_json(result->diagnostics, compile.level, &text);
        cli_write(stdout, &text);
    } else if (result->diagnostics->count == 0) {
        printf("✓ No errors found\n");
    } else {
        lang_diagnostics_write_text(result->diagnostics, &text, isatty(STDERR_FILENO) == 1);
        cli_write(stderr, &text);
    }
    int status = result->error_count == 0 ? CLI_OK : CLI_FAILURE;
    lang_result_destroy(result);
    return status;
}

// ---- fmt -------------------------------------------------------------------------------------

static bool read_file(const char *path, bl_buffer *text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "Failed to read %s: %s\n", path, strerror(errno));
        return false;
    }
    size_t got = 0;
    do {
        got = fread(bl_buffer_reserve(text, 65536), 1, 65536, file);
        text->size += got;
    } while (got > 0);
    bool failed = ferror(file) != 0;
    (void)fclose(file); // Nothing was written.
    if (failed) {
        fprintf(stderr, "Failed to read %s\n", path);
    }
    return !failed;
}

// Through a file beside it, so that a full disk leaves the old text.
static bool write_file(const char *path, bl_slice text)
{
    bl_buffer name = {0};
    bl_buffer_format(&name, "%s.fmt-%ld", path, (long)getpid());
    bl_buffer_append_char(&name, '\0');
    FILE *file = fopen(name.data, "wb");
    bool is_good = file != NULL && fwrite(text.data, 1, text.size, file) == text.size;
    if (file != NULL) {
        is_good = fclose(file) == 0 && is_good;
    }
    is_good = is_good && rename(name.data, path) == 0;
    if (!is_good) {
        fprintf(stderr, "Failed to write %s: %s\n", path, strerror(errno));
        (void)remove(name.data); // It may not be there.
    }
    bl_buffer_deinit(&name);
    return is_good;
}

static bool format_file(const char *path, bool check_only)
{
    bl_buffer text = {0};
    bl_buffer formatted = {0};
    bl_buffer diagnostics = {0};
    bool is_good = read_file(path, &text);
    if (is_good &&
        !lang_format(bl_slice_of(path), bl_buffer_slice(&text), &formatted, &diagnostics)) {
        is_good = false;
    } else if (is_good && !bl_slice_equal(bl_buffer_slice(&text), bl_buffer_slice(&formatted))) {
        if (check_only) {
            printf("%s would be rewritten\n", path);
            is_good = false;
        } else {
            is_good = write_file(path, bl_buffer_slice(&formatted));
        }
    }
    cli_write(stderr, &diagnostics);
    bl_buffer_deinit(&text);
    bl_buffer_deinit(&formatted);
    return is_good;
}

int cli_command_fmt(const cli_options *options)
{
    if (options->file_count == 0) {
        fprintf(stderr, "bl-uring: which file? See bl-uring help fmt.\n");
        return CLI_USAGE;
    }
    int status = CLI_OK;
    for (uint32_t i = 0; i < options->file_count; i++) {
        status = format_file(options->files[i], options->check) ? status : CLI_FAILURE;
    }
    return status;
}

// ---- dump ------------------------------------------------------------------------------------

int cli_command_dump(const cli_options *options)
{
    const char *path = cli_only_file(options);
    if (path == NULL) {
        return CLI_USAGE;
    }
    int count = options->ast + options->types + options->ir + options->bytecode;
    if (count != 1) {
        fprintf(stderr, "bl-uring dump wants one of --ast, --types, --ir, --bytecode\n");
        return CLI_USAGE;
    }
    lang_dump what = options->ast     ? LANG_DUMP_AST
                     : options->types ? LANG_DUMP_TYPES
                     : options->ir    ? LANG_DUMP_IR
                                      : LANG_DUMP_BYTECODE;
    bl_buffer text = {0};
    bool is_good = lang_dump_write(cli_library(), bl_slice_of(path), what, &text);
    cli_write(is_good ? stdout : stderr, &text);
    return is_good ? CLI_OK : CLI_FAILURE;
}
