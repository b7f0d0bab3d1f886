// vm/std/console.c: the module Console.
//
// One buffer for the process, under a lock: threads never mix their texts. It is written when it
// is full, at exit, before stdin is read, before stderr is written; on a terminal at each newline,
// in a server at each call. A reader who has gone (EPIPE) is no error of the program.
#include "vm/std/console.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

enum {
    STDOUT_BUFFER_SIZE = 64 * 1024,
    STDIN_CHUNK_SIZE = 64 * 1024,
};

typedef struct console {
    pthread_mutex_t lock;
    bl_buffer out;
    bl_buffer in; // Bytes read from stdin: [in_start, in.size) are not consumed yet.
    size_t in_start;
    bool is_ready;      // stdout has been looked at.
    bool is_terminal;   // Write at each newline.
    bool is_unbuffered; // Write at each call.
    bool is_at_end;     // Of stdin.
} console;

// The process has one stdout, hence one of these.
static console the_console = {.lock = PTHREAD_MUTEX_INITIALIZER};

void std_write_all(int fd, bl_slice text)
{
    while (text.size > 0) {
        ssize_t written = write(fd, text.data, text.size);
        if (written >= 0) {
            text = (bl_slice){text.data + written, text.size - (size_t)written};
            continue;
        }
        if (errno == EAGAIN) { // Somebody made the terminal or pipe non-blocking.
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void flush_locked(console *self)
{
    std_write_all(STDOUT_FILENO, bl_buffer_slice(&self->out));
    self->out.size = 0;
}

static void at_exit(void)
{
    std_console_flush();
    bl_buffer_deinit(&the_console.out);
    bl_buffer_deinit(&the_console.in);
}

static void prepare_locked(console *self)
{
    if (!self->is_ready) {
        self->is_ready = true;
        self->is_terminal = isatty(STDOUT_FILENO) == 1;
        atexit(at_exit);
    }
}

// text and end go out together.
static void write_locked(console *self, bl_slice text, bl_slice end)
{
    prepare_locked(self);
    bl_buffer_append_slice(&self->out, text);
    bl_buffer_append_slice(&self->out, end);
    bool is_line_done =
        self->is_terminal && text.size > 0 && memchr(text.data, '\n', text.size) != NULL;
    if (self->is_unbuffered || self->out.size >= STDOUT_BUFFER_SIZE || is_line_done ||
        (self->is_terminal && end.size > 0)) {
        flush_locked(self);
    }
}

static void write_line(bl_slice text, bl_slice end)
{
    pthread_mutex_lock(&the_console.lock);
    write_locked(&the_console, text, end);
    pthread_mutex_unlock(&the_console.lock);
}

void std_console_write(bl_slice text)
{
    write_line(text, BL_SLICE(""));
}

void std_console_flush(void)
{
    pthread_mutex_lock(&the_console.lock);
    flush_locked(&the_console);
    pthread_mutex_unlock(&the_console.lock);
}

void std_console_unbuffer(void)
{
    pthread_mutex_lock(&the_console.lock);
    flush_locked(&the_console);
    the_console.is_unbuffered = true;
    pthread_mutex_unlock(&the_console.lock);
}

// ---- natives ---------------------------------------------------------------------------------

// Calls write_line with the text form of value.
static vm_status write_value(vm_task *task, const char *name, vm_value value, bl_slice end)
{
    if (std_is_string(value)) {
        write_line(vm_text(value), end);
        return VM_OK;
    }
    bl_buffer text = {0};
    vm_text_append_max(&text, value, vm_heap_room(vm_task_heap(task)));
    vm_status status = std_check_size(task, name, text.size);
    if (status == VM_OK) {
        write_line(bl_buffer_slice(&text), end);
    }
    bl_buffer_deinit(&text);
    return status;
}

static vm_status console_println(vm_task *task, vm_value *args, vm_value *result)
{
    *result = vm_unit();
    return write_value(task, "Console.println!", args[0], BL_SLICE("\n"));
}

static vm_status console_print(vm_task *task, vm_value *args, vm_value *result)
{
    *result = vm_unit();
    return write_value(task, "Console.print!", args[0], BL_SLICE(""));
}

static vm_status console_error(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    bl_buffer line = {0};
    vm_text_append(&line, args[0]);
    bl_buffer_append_char(&line, '\n');
    std_console_flush();
    std_write_all(STDERR_FILENO, bl_buffer_slice(&line));
    bl_buffer_deinit(&line);
    return std_give(result, vm_unit());
}

// Reads another piece of stdin behind what is there; false at its end.
static bool read_more(console *self)
{
    if (self->in_start > 0) {
        memmove(self->in.data, self->in.data + self->in_start, self->in.size - self->in_start);
        self->in.size -= self->in_start;
        self->in_start = 0;
    }
    char *room = bl_buffer_reserve(&self->in, STDIN_CHUNK_SIZE);
    ssize_t count;
    do {
        count = read(STDIN_FILENO, room, STDIN_CHUNK_SIZE);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
        self->is_at_end = true;
        return false;
    }
    self->in.size += (size_t)count;
    return true;
}

// Bytes of the next line without its end; *used: with it.
static size_t next_line(console *self, size_t *used)
{
    size_t looked_at = 0;
    for (;;) {
        size_t size = self->in.size - self->in_start;
        const char *line = size > 0 ? self->in.data + self->in_start : "";
        const char *end = memchr(line + looked_at, '\n', size - looked_at);
        if (end != NULL) {
            size_t length = (size_t)(end - line);
            *used = length + 1;
            return length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        }
        looked_at = size;
        if (self->is_at_end || !read_more(self)) {
            *used = size;
            return size;
        }
    }
}

static vm_status console_read_line(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    console *self = &the_console;
    pthread_mutex_lock(&self->lock);
    prepare_locked(self);
    flush_locked(self);
    size_t used = 0;
    size_t size = next_line(self, &used);
    bl_slice line = {size > 0 ? self->in.data + self->in_start : "", size};
    bool is_text = bl_utf8_is_valid(line);
    if (is_text) {
        *result = vm_string_slice(vm_task_heap(task), line);
    }
    self->in_start += used;
    pthread_mutex_unlock(&self->lock);
    return is_text ? VM_OK
                   : vm_fail(task, "Console.read_line!: stream did not contain valid UTF-8");
}

static vm_native natives[] = {
#include "vm/std/console.def"
};

vm_module std_console_module = STD_EFFECT_MODULE("Console", "con", "Console", VM_PRELUDE_SCRIPT);
