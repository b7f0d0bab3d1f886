// vm_bridge/web/session.c: the module Session: one store for the process.
//
// Values are copied into the store's own heap and out of it, under one lock: handlers on all
// threads see whole values, and what one does with its copy touches nobody. Sessions live for a
// fixed time from their creation, so a list in the order of creation is a list in the order of
// expiry; every call looks at its head.
#include "vm/heap.h"
#include "vm_bridge/limits.h"
#include "vm_bridge/web/web.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

enum { ID_SIZE = 36, SLOT_COUNT = 1 << 14 };

typedef struct web_session {
    struct web_session *chain;
    struct web_session *older, *newer;
    int64_t end_s;
    vm_value value;
    char id[ID_SIZE];
} web_session;

typedef struct web_store {
    pthread_mutex_t lock;
    vm_block_pool *blocks;
    vm_heap *heap; // NULL until the first session.
    web_session *slots[SLOT_COUNT];
    web_session *oldest, *newest;
} web_store;

// The one piece of state that Baseline programs share between requests.
static web_store store = {.lock = PTHREAD_MUTEX_INITIALIZER};

// ---- the store; under the lock ---------------------------------------------------------------

static web_session **slot_of(bl_slice id)
{
    return &store.slots[bl_slice_hash(id) % SLOT_COUNT];
}

static void forget(web_session *session)
{
    web_session **place = slot_of((bl_slice){session->id, ID_SIZE});
    while (*place != session) {
        place = &(*place)->chain;
    }
    *place = session->chain;
    *(session->older == NULL ? &store.oldest : &session->older->newer) = session->newer;
    *(session->newer == NULL ? &store.newest : &session->newer->older) = session->older;
    vm_drop(store.heap, session->value);
    bl_free(session);
}

static void forget_expired(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    while (store.oldest != NULL && store.oldest->end_s <= now.tv_sec) {
        forget(store.oldest);
    }
}

static web_session *find(bl_slice id)
{
    if (id.size != ID_SIZE) {
        return NULL;
    }
    web_session *session = *slot_of(id);
    while (session != NULL && memcmp(session->id, id.data, ID_SIZE) != 0) {
        session = session->chain;
    }
    return session;
}

static void add(const char id[ID_SIZE], vm_value value)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    web_session *session = bl_alloc(sizeof(*session));
    *session = (web_session){
        .end_s = now.tv_sec + BR_SESSION_SECONDS, .value = value, .older = store.newest};
    memcpy(session->id, id, ID_SIZE);
    *(store.newest == NULL ? &store.oldest : &store.newest->newer) = session;
    store.newest = session;
    web_session **slot = slot_of((bl_slice){id, ID_SIZE});
    session->chain = *slot;
    *slot = session;
}

static void enter(void)
{
    pthread_mutex_lock(&store.lock);
    if (store.heap == NULL) {
        store.blocks = vm_block_pool_create();
        store.heap = vm_heap_create(store.blocks, (size_t)BR_SESSION_HEAP_MIB << 20);
    }
    forget_expired();
}

static void leave(void)
{
    pthread_mutex_unlock(&store.lock);
}

// ---- natives ---------------------------------------------------------------------------------

// A UUID of version 4 (RFC 9562 section 5.4). False: the system has no random bytes.
static bool make_id(char id[ID_SIZE + 1])
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return false;
    }
    bytes[6] = (unsigned char)(0x40 | (bytes[6] & 0x0F));
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3F));
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            id[at++] = '-';
        }
        id[at++] = digits[bytes[i] >> 4];
        id[at++] = digits[bytes[i] & 15];
    }
    id[at] = '\0';
    return true;
}

static vm_status session_create(vm_task *task, vm_value *args, vm_value *result)
{
    char id[ID_SIZE + 1];
    if (!make_id(id)) {
        return vm_fail(task, "Session.create!: no random bytes");
    }
    enter();
    bool is_full = vm_heap_is_full(store.heap);
    if (!is_full) {
        add(id, vm_copy(store.heap, args[0]));
    }
    leave();
    if (is_full) {
        return vm_fail(task, "Session.create!: the sessions take more than %d MiB",
                       BR_SESSION_HEAP_MIB);
    }
    return web_give(result, vm_string_make(vm_task_heap(task), id, ID_SIZE));
}

static vm_status session_get(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[0])) {
        return vm_fail_type(task, "Session.get!", "String id", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    enter();
    const web_session *session = find(vm_text(args[0]));
    bool is_there = session != NULL;
    vm_value value = is_there ? vm_copy(heap, session->value) : vm_unit();
    leave();
    return web_give(result, is_there ? vm_some(heap, value) : vm_none());
}

static vm_status session_set(vm_task *task, vm_value *args, vm_value *result)
{
    for (size_t i = 0; i < 2; i++) {
        if (!web_is_text(args[i])) {
            return vm_fail_type(task, "Session.set!", i == 0 ? "String id" : "String key", args[i]);
        }
    }
    enter();
    web_session *session = find(vm_text(args[0]));
    bool is_set = session != NULL && session->value.tag == VM_RECORD;
    bool is_full = is_set && vm_heap_is_full(store.heap);
    if (is_set && !is_full) {
        vm_value name = vm_copy(store.heap, args[1]);
        vm_value value = vm_copy(store.heap, args[2]);
        session->value = vm_record_with(store.heap, session->value, name.string, value);
        vm_drop(store.heap, name);
    }
    leave();
    if (is_full) {
        return vm_fail(task, "Session.set!: the sessions take more than %d MiB",
                       BR_SESSION_HEAP_MIB);
    }
    return web_give(result, vm_unit());
}

static vm_status session_delete(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[0])) {
        return vm_fail_type(task, "Session.delete!", "String id", args[0]);
    }
    enter();
    web_session *session = find(vm_text(args[0]));
    if (session != NULL) {
        forget(session);
    }
    leave();
    return web_give(result, vm_unit());
}

static vm_native natives[] = {
#include "vm_bridge/web/session.def"
};

vm_module web_session_module = {.name = "Session",
                                .effect = "Session",
                                .also_effect = "Http",
                                .prelude = VM_PRELUDE_SERVER,
                                .natives = natives,
                                .native_count = BL_ARRAY_COUNT(natives)};
