// vm_bridge/run.c: see run.h for the design.
#include "vm_bridge/run.h"

void br_run_begin(br_run *run, vm_thread *thread)
{
    vm_task *task = vm_task_begin(thread);
    vm_task_set_user(task, &run->context);
    vm_value request = br_request_value(vm_task_heap(task), run->request, &run->route->params,
                                        run->params, run->route->state);
    vm_task_start(task, run->route->callee, &request, 1);
    br_run_lock(run);
    run->task = task;
    br_run_unlock(run);
}

static void end_task(br_run *run)
{
    br_run_lock(run);
    vm_task *task = run->task;
    run->task = NULL;
    br_run_unlock(run);
    vm_task_end(task);
}

void br_run_drop(br_run *run)
{
    if (run->task != NULL) {
        end_task(run);
    }
}

void br_render_failure(br_reply *reply, const vm_failure *failure)
{
    br_reply_failure(reply, failure->message);
    if (failure->file != NULL && failure->line > 0) {
        bl_buffer_format(&reply->fault, " (%s:%u:%u)", failure->file, failure->line,
                         failure->column);
    }
}

bool br_run_step(br_run *run, uint64_t fuel, bl_slice id_header, br_gzip *gzip, vm_outcome *outcome)
{
    *outcome = vm_task_run(run->task, fuel);
    switch (*outcome) {
    case VM_DONE:
        br_reply_render(&run->reply, vm_task_result(run->task),
                        run->request->method == ENG_METHOD_HEAD, id_header);
        if (gzip != NULL) {
            br_gzip_reply(gzip, &run->reply,
                          eng_request_known(run->request, ENG_HEADER_ACCEPT_ENCODING));
        }
        break;
    case VM_FAILED:
        br_render_failure(&run->reply, vm_task_failure(run->task));
        break;
    case VM_OUT_OF_FUEL:
    case VM_WAITING:
        return false;
    }
    // The body may be a slice of a value that ends with the task.
    br_reply *reply = &run->reply;
    if (reply->body.size > 0 && reply->text.size == 0) {
        bl_buffer_append_slice(&reply->text, reply->body);
        reply->body = bl_buffer_slice(&reply->text);
    }
    end_task(run);
    return true;
}
