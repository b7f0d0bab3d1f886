// cli/fmt.c: `fmt`: files in canonical form.
#include "cli/commands.h"
#include "cli/files.h"

#include <unistd.h>

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

// False: the file is not, or cannot be brought, in canonical form.
static bool settle(const char *path, bool check_only, bl_slice text, bl_slice formatted)
{
    if (!check_only && is_stdin(path)) {
        if (formatted.size > 0) {
            (void)fwrite(formatted.data, 1, formatted.size, stdout); // A closed pipe is no error.
        }
        return true;
    }
    if (bl_slice_equal(text, formatted)) {
        return true;
    }
    if (check_only) {
        printf("%s would be rewritten\n", path);
        return false;
    }
    return cli_file_replace(path, formatted);
}

static bool format_file(const char *path, bool check_only)
{
    bl_buffer text = {0};
    bl_buffer formatted = {0};
    bl_buffer diagnostics = {0};
    bool is_good =
        cli_file_read(path, &text) &&
        lang_format(bl_slice_of(path), bl_buffer_slice(&text), &formatted, &diagnostics) &&
        settle(path, check_only, bl_buffer_slice(&text), bl_buffer_slice(&formatted));
    cli_write(stderr, &diagnostics);
    bl_buffer_deinit(&text);
    bl_buffer_deinit(&formatted);
    return is_good;
}

int cli_command_fmt(const cli_options *options)
{
    if (options->file_count == 0) {
        fprintf(stderr, "bl-uring: which file or folder? See bl-uring help fmt.\n");
        return CLI_USAGE;
    }
    bl_arena arena;
    bl_arena_init(&arena, 0);
    cli_files files = {0};
    bool is_good = cli_files_collect(&files, &arena, options->files, options->file_count);
    for (uint32_t i = 0; i < files.count; i++) {
        is_good = format_file(files.items[i], options->check) && is_good;
    }
    cli_files_deinit(&files);
    bl_arena_deinit(&arena);
    return is_good ? CLI_OK : CLI_FAILURE;
}
