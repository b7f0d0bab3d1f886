// tests/fuzz/replay.c: a main for fuzz targets without libFuzzer: runs the files of its arguments
// (and those in folders) through the target once, and prints how many there were.
#include "alloc/alloc.h"

#include <dirent.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    bl_buffer bytes = {0};
    for (;;) {
        size_t got = fread(bl_buffer_reserve(&bytes, 4096), 1, 4096, file);
        if (got == 0) {
            break;
        }
        bytes.size += got;
    }
    fclose(file);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.size);
    bl_buffer_deinit(&bytes);
    return true;
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        perror(path);
        return -1;
    }
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[4096];
        int size = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && size < (int)sizeof(name)) {
            count += replay_file(name);
        }
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool is_folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        int done = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]) ? 1 : -1;
        if (done < 0) {
            return 1;
        }
        count += done;
    }
    printf("%d passed, 0 failed\n", count);
    return 0;
}
