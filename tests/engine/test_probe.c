// tests/engine/test_probe.c: with io_uring, and where a sandbox has taken it away.
#include "engine/engine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void on_request(eng_core *core, eng_request *request)
{
    (void)core;
    (void)request;
}

// From here on making a ring fails with this errno, in this process only.
static void forbid_rings(int system_error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)system_error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = BL_ARRAY_COUNT(filter), .filter = filter};
    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static bl_status start(bl_error *error)
{
    eng_config config;
    eng_config_init(&config);
    config.address = "127.0.0.1";
    config.port = 0;
    config.core_count = 2;
    config.on_request = on_request;
    eng_server *server = NULL;
    bl_status status = eng_server_create(&config, &server, error);
    cr_assert_eq(status, BL_OK);
    status = eng_server_start(server, error);
    if (status == BL_OK) {
        eng_result result;
        eng_server_drain(server);
        eng_server_wait(server, &result);
        cr_assert_eq(result.status, BL_OK);
    }
    eng_server_destroy(server);
    return status;
}

Test(probe, this_machine)
{
    eng_config config;
    eng_config_init(&config);
    eng_probe_report report;
    eng_probe(&config.limits, &report);
    cr_assert_gt(report.cpu_count, 0);
    cr_assert_gt(strlen(report.kernel), 5);
    bl_error error = {.status = BL_OK};
    cr_assert_eq(report.status, start(&error), "%s", error.message);
    cr_assert(report.status != BL_OK || report.feature_count > 10);
}

Test(probe, forbidden_by_a_sandbox)
{
    forbid_rings(EPERM);
    bl_error error = {.status = BL_OK};
    cr_assert_eq(start(&error), BL_FORBIDDEN);
    cr_assert_not_null(strstr(error.message, "seccomp"), "%s", error.message);
    cr_assert_not_null(strstr(error.message, "io_uring_setup"), "%s", error.message);
}

Test(probe, not_there)
{
    forbid_rings(ENOSYS);
    bl_error error = {.status = BL_OK};
    cr_assert_eq(start(&error), BL_UNSUPPORTED);
    cr_assert_not_null(strstr(error.message, "6.1"), "%s", error.message);
}

Test(probe, locked_memory)
{
    forbid_rings(ENOMEM);
    bl_error error = {.status = BL_OK};
    cr_assert_eq(start(&error), BL_NO_MEMORY);
    cr_assert_not_null(strstr(error.message, "KiB"), "%s", error.message);
}

Test(probe, bad_address_and_port_in_use)
{
    eng_config config;
    eng_config_init(&config);
    config.address = "nowhere";
    config.on_request = on_request;
    bl_error error = {.status = BL_OK};
    eng_server *server = NULL;
    cr_assert_eq(eng_server_create(&config, &server, &error), BL_INVALID);
    config.address = "127.0.0.1";
    config.port = 0;
    config.core_count = 1;
    cr_assert_eq(eng_server_create(&config, &server, &error), BL_OK);
    cr_assert_eq(eng_server_start(server, &error), BL_OK, "%s", error.message);
    config.port = eng_server_port(server);
    eng_server *other = NULL;
    cr_assert_eq(eng_server_create(&config, &other, &error), BL_BUSY);
    cr_assert_not_null(strstr(error.message, "Address already in use"), "%s", error.message);
    eng_server_stop(server);
    eng_result result;
    eng_server_wait(server, &result);
    eng_server_destroy(server);
}
