// engine/ring_probe.c: what this machine offers, and why it may offer nothing.
//
// io_uring is switched off in many places for many reasons, and the system's answer is one errno.
// Here it becomes a sentence with the remedy.
#include "engine/ring.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>

// ---- why not -----------------------------------------------------------------------------------

// The value of the sysctl, -1 where there is none.
static int disabled_sysctl(void)
{
    int value = -1;
    FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
    if (file != NULL) {
        if (fscanf(file, "%d", &value) != 1) {
            value = -1;
        }
        fclose(file);
    }
    return value;
}

uint64_t eng_ring_memlock_need(const eng_ring_config *config)
{
    uint64_t sq_size = (uint64_t)config->entry_count * 64;
    uint64_t cq_size = (uint64_t)config->entry_count * ENG_RING_EVENTS_PER_ENTRY * 16;
    uint64_t buffer_ring_size = (uint64_t)config->buffer_count * 16;
    return sq_size + cq_size + buffer_ring_size + 3 * 4096;
}

static bl_status explain_forbidden(int system_error, bl_error *error)
{
    int disabled = disabled_sysctl();
    if (disabled > 0) {
        return bl_fail(error, BL_FORBIDDEN, system_error,
                       "io_uring is switched off here: sysctl kernel.io_uring_disabled is %d; set "
                       "it to 0%s",
                       disabled,
                       disabled == 1 ? ", or join the group of kernel.io_uring_group" : "");
    }
    return bl_fail(error, BL_FORBIDDEN, system_error,
                   "io_uring is forbidden here, most likely by the seccomp profile of a container "
                   "(Docker 25+, Kubernetes RuntimeDefault): allow io_uring_setup, io_uring_enter "
                   "and io_uring_register in it");
}

bl_status eng_ring_explain(int system_error, const eng_ring_config *config, bl_error *error)
{
    switch (system_error) {
    case EPERM:
        return explain_forbidden(system_error, error);
    case EACCES:
        return bl_fail(error, BL_FORBIDDEN, system_error,
                       "a security module (SELinux, AppArmor) forbids io_uring to this process: "
                       "allow it in its policy");
    case ENOSYS:
        return bl_fail(error, BL_UNSUPPORTED, system_error,
                       "this kernel or sandbox has no io_uring: Linux 6.1 or later is needed, "
                       "with CONFIG_IO_URING");
    case EINVAL:
    case EOPNOTSUPP:
        return bl_fail(error, BL_UNSUPPORTED, system_error,
                       "the io_uring of this kernel is too old: Linux 6.1 or later is needed");
    case ENOMEM:
        return bl_fail(error, BL_NO_MEMORY, system_error,
                       "not enough locked memory: a core needs %llu KiB (LimitMEMLOCK=infinity in "
                       "a unit, --ulimit memlock=-1 for a container, or fewer cores)",
                       (unsigned long long)(eng_ring_memlock_need(config) / 1024));
    case EMFILE:
    case ENFILE:
        return bl_fail(error, BL_LIMIT, system_error,
                       "no file descriptor left for a ring "
                       "(ulimit -n)");
    default:
        return bl_fail(error, BL_SYSTEM, system_error, "cannot make a ring: %s",
                       strerror(system_error));
    }
}

// ---- report ------------------------------------------------------------------------------------

static void add(eng_probe_report *report, const char *name, bool is_there, bool is_used,
                const char *remark)
{
    if (report->feature_count < BL_ARRAY_COUNT(report->features)) {
        report->features[report->feature_count++] =
            (eng_feature){name, is_there, is_there && is_used, remark};
    }
}

static bool setup_works(unsigned flags)
{
    struct io_uring ring;
    struct io_uring_params params = {.flags = flags};
    if (io_uring_queue_init_params(8, &ring, &params) < 0) {
        return false;
    }
    io_uring_queue_exit(&ring);
    return true;
}

static bool buffer_ring_works(unsigned flags)
{
    struct io_uring ring;
    if (io_uring_queue_init(8, &ring, 0) < 0) {
        return false;
    }
    int result = 0;
    struct io_uring_buf_ring *buffers = io_uring_setup_buf_ring(&ring, 8, 0, flags, &result);
    if (buffers != NULL) {
        io_uring_free_buf_ring(&ring, buffers, 8, 0);
    }
    io_uring_queue_exit(&ring);
    return buffers != NULL;
}

static void add_setup_features(eng_probe_report *report)
{
    add(report, "IORING_SETUP_SINGLE_ISSUER", setup_works(IORING_SETUP_SINGLE_ISSUER), true,
        "one thread for each ring");
    add(report, "IORING_SETUP_DEFER_TASKRUN",
        setup_works(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN), true,
        "completions in batches; without it (before 6.1) slower");
    add(report, "IORING_SETUP_COOP_TASKRUN", setup_works(IORING_SETUP_COOP_TASKRUN), true,
        "no interrupts between cores");
    add(report, "IORING_SETUP_SUBMIT_ALL", setup_works(IORING_SETUP_SUBMIT_ALL), true,
        "one bad operation does not stop the rest; needed");
    add(report, "IORING_SETUP_NO_SQARRAY", setup_works(IORING_SETUP_NO_SQARRAY), true,
        "one indirection less for each operation (6.6)");
    add(report, "provided buffer ring", buffer_ring_works(0), true, "needed");
    add(report, "incremental buffers", buffer_ring_works(IOU_PBUF_RING_INC), false,
        "measured: costs more than it gives on requests");
}

static void add_ring_features(eng_probe_report *report, unsigned features)
{
    add(report, "IORING_FEAT_NODROP", (features & IORING_FEAT_NODROP) != 0, true,
        "no completion is lost when many arrive at once; needed");
    add(report, "IORING_FEAT_EXT_ARG", (features & IORING_FEAT_EXT_ARG) != 0, true,
        "time limits without an operation for each; needed");
    add(report, "IORING_FEAT_RECVSEND_BUNDLE", (features & IORING_FEAT_RECVSEND_BUNDLE) != 0, false,
        "measured: slower on requests");
    add(report, "IORING_FEAT_MIN_TIMEOUT", (features & IORING_FEAT_MIN_TIMEOUT) != 0, false,
        "larger batches for more latency");
}

static void add_operations(eng_probe_report *report, struct io_uring_probe *probe)
{
    static const struct {
        int code;
        bool is_used;
        const char *name, *remark;
    } operations[] = {
        {IORING_OP_ACCEPT, true, "accept", "needed, multishot and into direct descriptors"},
        {IORING_OP_RECV, true, "recv", "needed, multishot"},
        {IORING_OP_SEND, true, "send", "needed"},
        {IORING_OP_SENDMSG, true, "sendmsg", "needed: responses in several parts"},
        {IORING_OP_SHUTDOWN, true, "shutdown", "needed: closing without destroying the answer"},
        {IORING_OP_CLOSE, true, "close", "needed"},
        {IORING_OP_ASYNC_CANCEL, true, "cancel", "needed"},
        {IORING_OP_READ, true, "read", "needed: wake-ups between threads"},
        {IORING_OP_SEND_ZC, false, "send_zc", "pays with large bodies on real networks only"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(operations); i++) {
        bool is_there = probe == NULL || io_uring_opcode_supported(probe, operations[i].code);
        add(report, operations[i].name, is_there, operations[i].is_used, operations[i].remark);
    }
}

void eng_ring_probe(const eng_ring_config *config, eng_probe_report *report)
{
    report->memlock_need = eng_ring_memlock_need(config);
    eng_ring *ring = NULL;
    report->status = eng_ring_open(config, &ring, &report->error);
    eng_ring_close(ring);
    if (report->status != BL_OK) {
        return;
    }
    add_setup_features(report);
    struct io_uring small;
    struct io_uring_params params = {.flags = 0};
    if (io_uring_queue_init_params(8, &small, &params) == 0) {
        add_ring_features(report, params.features);
        struct io_uring_probe *probe = io_uring_get_probe_ring(&small);
        add_operations(report, probe);
        io_uring_free_probe(probe);
        io_uring_queue_exit(&small);
    }
}
