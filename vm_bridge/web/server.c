// vm_bridge/web/server.c: the module Server.
//
// Server.listen! only notes its arguments: the server starts when main! has returned (server.c of
// the bridge). In a test or a handler there is nothing to start, and the call does nothing.
#include "vm_bridge/web/web.h"

static vm_status server_listen(vm_task *task, vm_value *args, vm_value *result)
{
    br_launch *launch = br_launch_of(task);
    if (args[1].tag != VM_INT) {
        return web_fail_type(task, args, 3, 1, "Server.listen!", "Int port");
    }
    if (launch == NULL) {
        web_drop(task, args, 3);
    } else {
        if (launch->is_asked) {
            vm_drop(vm_task_heap(task), launch->router);
            vm_drop(vm_task_heap(task), launch->config);
        }
        launch->is_asked = true;
        launch->router = args[0];
        launch->port = args[1];
        launch->config = args[2];
    }
    return web_give(result, vm_unit());
}

static vm_native natives[] = {
#include "vm_bridge/web/server.def"
};

vm_module web_server_module = {.name = "Server",
                               .effect = "Http",
                               .also_effect = "Server",
                               .prelude = VM_PRELUDE_SERVER,
                               .natives = natives,
                               .native_count = BL_ARRAY_COUNT(natives)};
