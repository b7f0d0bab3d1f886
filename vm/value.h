// vm/value.h: what a Baseline value is, and the layout of everything on the heap.
//
// A value is 16 bytes: a payload and a tag. Baseline's types are gradual (Unknown is compatible
// with everything, at any depth), so a declared Int may hold a String that came out of JSON: a
// register can only be trusted as far as the compiler has *proved* its kind. A tagged pair keeps
// all 64 bits of Int and Float without boxing, so that arithmetic never allocates, costs one
// predictable test where nothing is proved and none where it is, and travels in two machine
// registers. (Rejected: NaN boxing and tagged pointers, which box large Ints; untagged registers,
// which would need a check at every boundary that Baseline programs may cross unchecked.)
//
// Reference counts live in the first word of each heap object:
//     count > 0   owned by one thread, plain arithmetic
//     count == 0  immortal: constants, and all that main! leaves to a server; never counted
//     count < 0   shared between threads, atomic arithmetic (the session store)
// vm_dup / vm_drop are the only verbs. A register or a field owns one count of what it holds,
// unless the compiler has put an alias there that it knows to be outlived (see opcodes.def).
// An object whose count is 1 may be changed in place by whoever owns that count.
//
// Strings are UTF-8; a view keeps its parent alive, or points into a receive buffer of the engine
// (borrowed flag) for the length of a request.
#ifndef VM_VALUE_H
#define VM_VALUE_H

#include "alloc/alloc.h"

// Builds with -Dparanoid=true check every structure at every step (audit.c).
#ifdef BL_PARANOID
enum { VM_IS_PARANOID = true };
#else
enum { VM_IS_PARANOID = false };
#endif

typedef enum vm_tag {
    // Immediates. VM_INT is 0: (a.tag | b.tag) == 0 tests two Ints at once.
    VM_INT = 0,
    VM_FLOAT = 1,
    VM_BOOL = 2,
    VM_UNIT = 3,
    VM_ATOM = 4,     // A constructor without payload: .ctor.
    VM_FUNCTION = 5, // A top-level function: .function.
    VM_NATIVE = 6,   // A native used as a value: .native.
    VM_MODULE = 7,   // The name of a module, effect or type used as a value: .string (immortal).
    // Heap objects: every tag from here on.
    VM_STRING = 8,
    VM_LIST = 9,
    VM_TUPLE = 10,
    VM_RECORD = 11,
    VM_VARIANT = 12,
    VM_MAP = 13,
    VM_SET = 14,
    VM_CLOSURE = 15,
    VM_BOX = 16,    // A captured `let mut` variable. Never visible to programs.
    VM_RESUME = 17, // A one-shot continuation.
    VM_HANDLE = 18, // Anything else that a native hands out: scope, cell, channel end, weak …
} vm_tag;

#define VM_TAG_HEAP VM_STRING

typedef struct vm_object vm_object;
typedef struct vm_string vm_string;
typedef struct vm_list vm_list;
typedef struct vm_tuple vm_tuple;
typedef struct vm_record vm_record;
typedef struct vm_variant vm_variant;
typedef struct vm_map vm_map;
typedef struct vm_closure vm_closure;
typedef struct vm_box vm_box;
typedef struct vm_handle vm_handle;
typedef struct vm_shape vm_shape;
typedef struct vm_ctor vm_ctor;
typedef struct vm_function vm_function; // chunk.h
typedef struct vm_native vm_native;     // library.h
typedef struct vm_heap vm_heap;         // heap.h
typedef struct vm_task vm_task;         // vm.h

typedef struct vm_value {
    union {
        int64_t integer;
        double number;
        bool boolean;
        const vm_ctor *ctor;
        const vm_function *function;
        const vm_native *native;
        vm_object *object;
        vm_string *string;
        vm_list *list;
        vm_tuple *tuple;
        vm_record *record;
        vm_variant *variant;
        vm_map *map; // VM_MAP and VM_SET.
        vm_closure *closure;
        vm_box *box;
        vm_handle *handle;
        uint64_t bits;
    };
    uint64_t tag; // vm_tag. A whole word: narrower copies would stall on store forwarding.
} vm_value;

_Static_assert(sizeof(vm_value) == 16, "a value is two machine words");

struct vm_object {
    int32_t count;      // See above. Through vm_dup and vm_drop only.
    uint8_t kind;       // vm_tag of the object.
    uint8_t flags;      // Of the kind: VM_STRING_*, …
    uint8_t size_class; // Of the heap that made it; 255: a large object of its own.
    uint8_t mark;       // For the heap's own walks (freeze, leak check).
};

enum {
    VM_STRING_ASCII = 1,   // Known to hold only ASCII: positions are byte offsets.
    VM_STRING_UNICODE = 2, // Known to hold something else. Neither: not looked at yet.
    VM_STRING_BORROWED =
        4,              // Bytes belong to a receive buffer: copied when it outlives the request.
    VM_STRING_VIEW = 8, // Bytes belong to parent.
};

struct vm_string {
    vm_object header;
    uint32_t size;     // Bytes.
    uint32_t capacity; // Of inline bytes; 0 for views and borrowed bytes.
    const char *data;  // == vm_string_room, or into parent or a receive buffer.
    union {
        vm_string *parent;   // VM_STRING_VIEW: counted.
        char inline_data[8]; // The first of them: read and write through vm_string_room.
    };
};

// Where the bytes of a string that owns them stand: inline_data, of which there are `capacity`.
static inline char *vm_string_room(vm_string *string)
{
    return (char *)string + offsetof(struct vm_string, inline_data);
}

// Elements of one or several lists. Several lists may look at one store, each at its own range: a
// tail is a new vm_list over the same store; an append goes in place if the list ends where the
// used part of the store ends (nobody else can see beyond), even if the store is shared. So does
// what is put in front of a list that begins where the used part begins.
typedef struct vm_store {
    int32_t count; // Lists that look at it; 0: immortal; <0: shared between threads.
    uint32_t first;
    uint32_t used; // Elements [first, used) hold owned values.
    uint32_t capacity;
    vm_value items[];
} vm_store;

struct vm_list {
    vm_object header;
    uint32_t start;
    uint32_t size;
    vm_store *store; // NULL if size is 0 and nothing was reserved.
};

struct vm_tuple {
    vm_object header;
    uint32_t size;
    uint32_t unused;
    vm_value items[];
};

// The field names of a record, sorted by bytes, and its struct name. Shapes that the program
// names are immortal, one for each set of names, compared by pointer; shapes of records that come
// from outside (JSON objects, query strings) belong to the record's heap and are counted.
struct vm_shape {
    vm_object header; // Never the object of a value.
    uint32_t size;
    uint32_t id;            // Index in the program's table, or UINT32_MAX for dynamic ones.
    vm_string *struct_name; // NULL for an anonymous record.
    vm_string *names[];     // Counted when the shape is.
};

struct vm_record {
    vm_object header;
    uint32_t size; // == shape->size.
    uint32_t unused;
    vm_shape *shape;
    vm_value fields[]; // In the order of the shape.
};

// A constructor's name. At run time a variant is just its constructor's name and arguments, so
// there is one vm_ctor for each name in a program, whatever enums use it. Names that only come
// from outside ({"type":"Foo"} in JSON) get a counted vm_ctor of their own with id UINT32_MAX:
// those compare by name.
struct vm_ctor {
    vm_object header; // Counted only if dynamic.
    uint32_t id;      // Index in the program's table of constructors.
    uint32_t arity;   // Of its first definition; how many a value has is in the value.
    vm_string *name;
};

// Constructors that every program has, first in its table.
typedef enum vm_ctor_id {
    VM_CTOR_NONE,
    VM_CTOR_SOME,
    VM_CTOR_OK,
    VM_CTOR_ERR,
    VM_CTOR_STANDARD_COUNT
} vm_ctor_id;

// The objects of the standard constructors: the same in every program.
extern const vm_ctor *const vm_standard_ctors[VM_CTOR_STANDARD_COUNT];

struct vm_variant {
    vm_object header;
    uint32_t size; // Arguments, at least 1 unless the constructor is dynamic.
    uint32_t unused;
    const vm_ctor *ctor;
    vm_value items[];
};

struct vm_closure {
    vm_object header;
    uint32_t size; // Captures.
    uint32_t unused;
    const vm_function *function;
    vm_value captures[];
};

struct vm_box {
    vm_object header;
    vm_value value;
};

// What a kind of handle can do; one static table per kind.
typedef struct vm_handle_kind {
    const char *name; // Text form: <name>.
    // Releases what the handle owns but not the object itself; may be NULL.
    void (*destroy)(vm_heap *heap, vm_handle *handle);
    // Appends the text form; NULL: <name>.
    void (*text)(bl_buffer *out, const vm_handle *handle);
    size_t size; // Of the whole object.
    // destroy gives back something outside of the heap (a file, a connection), so it also runs
    // when the heap goes as a whole, with the object's own memory still there.
    bool is_outside;
} vm_handle_kind;

struct vm_handle {
    vm_object header;
    const vm_handle_kind *handle_kind;
    // The kind's own fields follow.
};

// ---- making immediates -----------------------------------------------------------------------

static inline vm_value vm_int(int64_t integer)
{
    return (vm_value){.integer = integer, .tag = VM_INT};
}

static inline vm_value vm_float(double number)
{
    return (vm_value){.number = number, .tag = VM_FLOAT};
}

static inline vm_value vm_bool(bool boolean)
{
    return (vm_value){.bits = boolean, .tag = VM_BOOL};
}

static inline vm_value vm_unit(void)
{
    return (vm_value){.bits = 0, .tag = VM_UNIT};
}

static inline vm_value vm_atom(const vm_ctor *ctor)
{
    return (vm_value){.ctor = ctor, .tag = VM_ATOM};
}

// object: any heap object; takes over one count.
static inline vm_value vm_of(void *object)
{
    return (vm_value){.object = object, .tag = ((vm_object *)object)->kind};
}

static inline bool vm_is_heap(vm_value value)
{
    return value.tag >= VM_TAG_HEAP;
}

static inline bool vm_is_true(vm_value value)
{
    return value.tag == VM_BOOL && value.boolean;
}

// ---- counts ----------------------------------------------------------------------------------

void vm_count_shared_up(vm_object *object);
// Frees the object and drops what it holds; iterative, so that a list of a million cells is no
// deep recursion. heap: the one of the running task.
void vm_object_free(vm_heap *heap, vm_object *object);
void vm_drop_shared(vm_heap *heap, vm_object *object);

static inline void vm_object_dup(vm_object *object)
{
    if (BL_LIKELY(object->count > 0)) {
        object->count += 1;
    } else if (object->count < 0) {
        vm_count_shared_up(object);
    }
}

static inline void vm_object_drop(vm_heap *heap, vm_object *object)
{
    if (BL_LIKELY(object->count > 1)) {
        object->count -= 1;
    } else if (object->count == 1) {
        vm_object_free(heap, object);
    } else if (object->count < 0) {
        vm_drop_shared(heap, object);
    }
}

// In paranoid builds whoever counts first looks whether the object is still one of that kind.
static inline void vm_check_alive(vm_value value)
{
    BL_CHECK(!VM_IS_PARANOID || value.object->kind == value.tag);
}

static inline vm_value vm_dup(vm_value value)
{
    if (vm_is_heap(value)) {
        vm_check_alive(value);
        vm_object_dup(value.object);
    }
    return value;
}

static inline void vm_drop(vm_heap *heap, vm_value value)
{
    if (vm_is_heap(value)) {
        vm_check_alive(value);
        vm_object_drop(heap, value.object);
    }
}

static inline bool vm_is_unique(const vm_object *object)
{
    return object->count == 1;
}

// ---- making and reading objects (heap.c, string.c, list.c, record.c) --------------------------
// All makers allocate in the task's heap and return a count of 1. Past the heap's limit they
// still succeed (the limit has a reserve behind it) but the heap is marked full: the interpreter
// stops the task at its next check. So natives need not test each allocation, only refuse absurd
// sizes beforehand (vm_heap_can_hold).

// size bytes are copied.
vm_value vm_string_make(vm_heap *heap, const char *data, size_t size);
vm_value vm_string_slice(vm_heap *heap, bl_slice slice);
// size bytes of uninitialised room; write through (char *)data before anyone else sees it.
vm_string *vm_string_alloc(vm_heap *heap, size_t size);
// A string over bytes that outlive the request (receive buffer): not copied.
vm_value vm_string_borrow(vm_heap *heap, const char *data, size_t size);
// A view of part of text; text: borrowed.
vm_value vm_string_view(vm_heap *heap, vm_string *text, size_t offset, size_t size);
// left ++ right: in place if left is unique and has room. Consumes left, borrows right.
vm_value vm_string_append(vm_heap *heap, vm_value left, bl_slice right);
// Looks once, then remembers.
bool vm_string_is_ascii(vm_string *text);
size_t vm_string_length(vm_string *text); // In code points.

static inline bl_slice vm_text(vm_value value)
{
    return (bl_slice){value.string->data, value.string->size};
}

vm_value vm_list_make(vm_heap *heap, size_t capacity);                    // Empty, with room.
vm_value vm_list_from(vm_heap *heap, const vm_value *items, size_t size); // Moves the items.
vm_value vm_list_fill(vm_heap *heap, vm_value item, size_t size); // size times; borrows item.
// Appends; consumes both. In place whenever possible (amortised O(1)).
vm_value vm_list_push(vm_heap *heap, vm_value list, vm_value item);
// left ++ right; consumes both.
vm_value vm_list_concat(vm_heap *heap, vm_value left, vm_value right);
// Elements [start, start + size) as a list over the same store. Consumes list.
vm_value vm_list_slice(vm_heap *heap, vm_value list, size_t start, size_t size);
// A list whose elements only its owner sees: list itself if it is unique. Consumes list.
vm_value vm_list_unshare(vm_heap *heap, vm_value list);

static inline vm_value *vm_list_items(const vm_list *list)
{
    return list->size == 0 ? NULL : list->store->items + list->start;
}

vm_value vm_tuple_make(vm_heap *heap, const vm_value *items, size_t size); // Moves the items.
vm_value vm_variant_make(vm_heap *heap, const vm_ctor *ctor, const vm_value *items, size_t size);
// shape is dup'ed if counted; fields in the order of the shape, moved.
vm_value vm_record_make(vm_heap *heap, vm_shape *shape, const vm_value *fields);
// Fields by name, for records that come from outside: names are VM_STRING values, need not be
// sorted, of equal names the last counts. Moves names and values.
vm_value vm_record_from(vm_heap *heap, vm_value *names, vm_value *values, size_t size);
// The record with one field set or added (in place if unique). Consumes record, value; borrows
// name.
vm_value vm_record_with(vm_heap *heap, vm_value record, vm_string *name, vm_value value);
// The field's index or -1. Binary search; the interpreter's caches come first.
int vm_shape_find(const vm_shape *shape, bl_slice name);
// A borrowed look at a field; NULL if there is none.
const vm_value *vm_record_field(const vm_record *record, bl_slice name);
vm_value vm_handle_make(vm_heap *heap, const vm_handle_kind *kind); // Fields zeroed.
// Moves the captures.
vm_value vm_closure_make(vm_heap *heap, const vm_function *function, const vm_value *captures,
                         size_t size);
vm_value vm_box_make(vm_heap *heap, vm_value value);
// A dynamic constructor for a name that the program does not have; a count of 1.
vm_ctor *vm_ctor_dynamic(vm_heap *heap, bl_slice name);

// Standard constructors around a moved value.
vm_value vm_some(vm_heap *heap, vm_value value);
vm_value vm_none(void);
vm_value vm_ok(vm_heap *heap, vm_value value);
vm_value vm_err(vm_heap *heap, vm_value value);
// True for Some(x), None, … of the given standard constructor.
bool vm_is_ctor(vm_value value, vm_ctor_id id);

// ---- maps and sets (map.c): persistent, insertion order, in place when unique -----------------

vm_value vm_map_make(vm_heap *heap);
vm_value vm_set_make(vm_heap *heap);
size_t vm_map_size(const vm_map *map);
// Borrowed look; NULL if absent. key: borrowed.
const vm_value *vm_map_get(const vm_map *map, vm_value key);
// Consume map, key and value. An equal key that is there stays, its value is replaced.
vm_value vm_map_insert(vm_heap *heap, vm_value map, vm_value key, vm_value value);
vm_value vm_set_insert(vm_heap *heap, vm_value set, vm_value key);
vm_value vm_map_remove(vm_heap *heap, vm_value map, vm_value key); // Consumes map, borrows key.
// Of size keys and values in turn, and of size keys; all are moved.
vm_value vm_map_from(vm_heap *heap, const vm_value *parts, size_t size);
vm_value vm_set_from(vm_heap *heap, const vm_value *keys, size_t size);

// Visits entries in insertion order: while (vm_map_next(&cursor, &key, &value)). Borrowed looks;
// the map must not change meanwhile. For sets value is unit.
typedef struct vm_map_cursor {
    const vm_map *map;
    uint64_t position;
} vm_map_cursor;
bool vm_map_next(vm_map_cursor *cursor, vm_value *key, vm_value *value);

// ---- what programs can ask of any value (compare.c, text.c) -----------------------------------

bool vm_equal(vm_value a, vm_value b);
uint64_t vm_hash(vm_value value); // Equal values have equal hashes; keyed per process.
// Order of < and List.sort. False if the two have no order; *order is -1, 0, 1, or 2 (NaN).
bool vm_compare(vm_value a, vm_value b, int *order);
// Text form (interpolation, println!).
void vm_text_append(bl_buffer *out, vm_value value);
// The same, but it stops soon after out has grown beyond size_max: parts that are shared are
// written once for each path to them, so the text of a few objects can be longer than any memory.
void vm_text_append_max(bl_buffer *out, vm_value value, size_t size_max);
// Shortest digits that read back; no exponent, no ".0" (text form). out: at least 400 bytes.
size_t vm_float_text(double number, char *out);
size_t vm_int_text(int64_t integer, char *out); // At most 20 bytes.
// "Int", "String", "List" … for messages.
const char *vm_kind_name(vm_value value);

#endif
