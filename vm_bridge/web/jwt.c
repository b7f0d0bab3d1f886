// vm_bridge/web/jwt.c: the module Jwt: HS256 tokens (RFC 7515, RFC 7519).
//
// A token is three base64url parts joined by dots: header, claims, HMAC-SHA-256 of the first two.
// Faults of a token are values: a client must not be able to provoke a run-time error.
#include "router/router.h"
#include "vm/std/json.h"
#include "vm_bridge/web/base64.h"
#include "vm_bridge/web/web.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

enum { SIGNATURE_SIZE = 32 };

static void sign(bl_slice text, bl_slice secret, unsigned char out[SIGNATURE_SIZE])
{
    unsigned int size = 0;
    const unsigned char empty = 0; // A key of no bytes still wants an address.
    const void *key = secret.size == 0 ? (const void *)&empty : secret.data;
    BL_CHECK(HMAC(EVP_sha256(), key, (int)secret.size, (const unsigned char *)text.data, text.size,
                  out, &size) != NULL);
    BL_CHECK(size == SIGNATURE_SIZE);
}

// ---- signing ---------------------------------------------------------------------------------

// The token for these claims as JSON.
static vm_value make_token(vm_task *task, bl_slice claims, bl_slice secret)
{
    bl_buffer token = {0};
    web_base64url_write(&token, BL_SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
    bl_buffer_append_char(&token, '.');
    web_base64url_write(&token, claims);
    unsigned char signature[SIGNATURE_SIZE];
    sign(bl_buffer_slice(&token), secret, signature);
    bl_buffer_append_char(&token, '.');
    web_base64url_write(&token, (bl_slice){(const char *)signature, SIGNATURE_SIZE});
    vm_value value = vm_string_slice(vm_task_heap(task), bl_buffer_slice(&token));
    bl_buffer_deinit(&token);
    return value;
}

static vm_status sign_claims(vm_task *task, const char *name, vm_value claims, vm_value secret,
                             vm_value *result)
{
    if (!web_is_text(secret)) {
        return vm_fail_type(task, name, "String secret", secret);
    }
    vm_value text = vm_unit();
    if (!web_json(task, name, claims, &text)) {
        return VM_FAIL;
    }
    *result = make_token(task, vm_text(text), vm_text(secret));
    vm_drop(vm_task_heap(task), text);
    return VM_OK;
}

static vm_status jwt_sign(vm_task *task, vm_value *args, vm_value *result)
{
    return sign_claims(task, "Jwt.sign", args[0], args[1], result);
}

static vm_value set_time(vm_heap *heap, vm_value claims, const char *name, int64_t time)
{
    vm_value text = vm_string_slice(heap, bl_slice_of(name));
    claims = vm_record_with(heap, claims, text.string, vm_int(time));
    vm_drop(heap, text);
    return claims;
}

static vm_status jwt_sign_with(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *seconds =
        args[2].tag == VM_RECORD ? vm_record_field(args[2].record, BL_SLICE("expires_in")) : NULL;
    if (seconds == NULL || seconds->tag != VM_INT) {
        return sign_claims(task, "Jwt.sign_with", args[0], args[1], result);
    }
    if (args[0].tag != VM_RECORD) {
        return vm_fail_type(task, "Jwt.sign_with", "Record of claims", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    int64_t now = (int64_t)time(NULL);
    int64_t end = 0;
    if (__builtin_add_overflow(now, seconds->integer, &end)) {
        return vm_fail(task, "Jwt.sign_with: expires_in is out of range");
    }
    vm_value claims = set_time(heap, vm_dup(args[0]), "iat", now);
    claims = set_time(heap, claims, "exp", end);
    vm_status status = sign_claims(task, "Jwt.sign_with", claims, args[1], result);
    vm_drop(heap, claims);
    return status;
}

// ---- reading ---------------------------------------------------------------------------------

typedef struct web_token {
    bl_slice header, claims, signature;
    bl_slice signed_text; // Header and claims with the dot.
} web_token;

static bool split_token(bl_slice text, web_token *token)
{
    const char *first = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
    if (first == NULL) {
        return false;
    }
    token->header = (bl_slice){text.data, (size_t)(first - text.data)};
    bl_slice rest = {first + 1, text.size - token->header.size - 1};
    const char *second = rest.size == 0 ? NULL : memchr(rest.data, '.', rest.size);
    if (second == NULL) {
        return false;
    }
    token->claims = (bl_slice){rest.data, (size_t)(second - rest.data)};
    token->signature = (bl_slice){second + 1, rest.size - token->claims.size - 1};
    token->signed_text = (bl_slice){text.data, token->header.size + 1 + token->claims.size};
    return token->signature.size == 0 ||
           memchr(token->signature.data, '.', token->signature.size) == NULL;
}

// The JSON of a part as a value; NULL, or what is wrong with it. *value is owned.
static const char *read_part(vm_task *task, bl_slice part, vm_value *value)
{
    char *bytes = bl_alloc(part.size + 4);
    size_t size = 0;
    const char *fault = NULL;
    if (!web_base64_read(part, WEB_BASE64_URL, bytes, &size)) {
        fault = "not base64url";
    } else if (!bl_utf8_is_valid((bl_slice){bytes, size})) {
        fault = "not UTF-8";
    } else if (!std_json_parse(vm_task_heap(task), vm_task_program(task), (bl_slice){bytes, size},
                               STD_JSON_TAGS, value, NULL)) {
        fault = "not JSON";
    }
    bl_free(bytes);
    return fault;
}

static vm_value text_error(vm_task *task, const char *text)
{
    return vm_err(vm_task_heap(task), web_format(task, "%s", text));
}

static vm_value format_error(vm_task *task, const char *part, const char *fault)
{
    return vm_err(vm_task_heap(task),
                  web_format(task, "Invalid JWT format: %s is %s", part, fault));
}

static bool is_hs256(vm_value header)
{
    const vm_value *algorithm =
        header.tag == VM_RECORD ? vm_record_field(header.record, BL_SLICE("alg")) : NULL;
    return algorithm != NULL && web_is_text(*algorithm) &&
           bl_slice_equal(vm_text(*algorithm), BL_SLICE("HS256"));
}

static bool signature_fits(const web_token *token, bl_slice secret)
{
    char *given = bl_alloc(token->signature.size + 4);
    size_t size = 0;
    bool is_read = web_base64_read(token->signature, WEB_BASE64_URL, given, &size);
    unsigned char wanted[SIGNATURE_SIZE];
    sign(token->signed_text, secret, wanted);
    bool fits = is_read && size == SIGNATURE_SIZE && CRYPTO_memcmp(given, wanted, size) == 0;
    bl_free(given);
    return fits;
}

static bool is_expired(vm_value claims)
{
    const vm_value *end =
        claims.tag == VM_RECORD ? vm_record_field(claims.record, BL_SLICE("exp")) : NULL;
    int64_t now = (int64_t)time(NULL);
    if (end != NULL && end->tag == VM_FLOAT) {
        return (double)now > end->number;
    }
    return end != NULL && end->tag == VM_INT && now > end->integer;
}

// Claims of a token in order: parts, header and algorithm, signature, claims, time.
static vm_value verified(vm_task *task, bl_slice text, bl_slice secret)
{
    web_token token;
    vm_heap *heap = vm_task_heap(task);
    if (!split_token(text, &token)) {
        return text_error(task, "Invalid JWT format: expected 3 parts");
    }
    vm_value header = vm_unit();
    const char *fault = read_part(task, token.header, &header);
    if (fault != NULL) {
        return format_error(task, "the header", fault);
    }
    bool is_right = is_hs256(header);
    vm_drop(heap, header);
    if (!is_right) {
        return text_error(task, "Invalid JWT algorithm");
    }
    if (!signature_fits(&token, secret)) {
        return text_error(task, "Invalid signature");
    }
    vm_value claims = vm_unit();
    fault = read_part(task, token.claims, &claims);
    if (fault != NULL) {
        return format_error(task, "the payload", fault);
    }
    if (is_expired(claims)) {
        vm_drop(heap, claims);
        return text_error(task, "Token expired");
    }
    return vm_ok(heap, claims);
}

static vm_status jwt_verify(vm_task *task, vm_value *args, vm_value *result)
{
    for (size_t i = 0; i < 2; i++) {
        if (!web_is_text(args[i])) {
            return vm_fail_type(task, "Jwt.verify", i == 0 ? "String token" : "String secret",
                                args[i]);
        }
    }
    return web_give(result, verified(task, vm_text(args[0]), vm_text(args[1])));
}

static vm_status jwt_decode(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[0])) {
        return vm_fail_type(task, "Jwt.decode", "String token", args[0]);
    }
    web_token token;
    if (!split_token(vm_text(args[0]), &token)) {
        return web_give(result, text_error(task, "Invalid JWT format: expected 3 parts"));
    }
    vm_value claims = vm_unit();
    const char *fault = read_part(task, token.claims, &claims);
    return web_give(result, fault != NULL ? format_error(task, "the payload", fault)
                                          : vm_ok(vm_task_heap(task), claims));
}

static vm_native natives[] = {
#include "vm_bridge/web/jwt.def"
};

vm_module web_jwt_module = {.name = "Jwt",
                            .prelude = VM_PRELUDE_SERVER,
                            .natives = natives,
                            .native_count = BL_ARRAY_COUNT(natives)};
