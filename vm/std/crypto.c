// vm/std/crypto.c: the module Crypto, over OpenSSL.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "vm/std/modules.h"
#include "vm/std/random.h"
#include "vm/std/std.h"

static vm_value hex_digest(vm_heap *heap, const unsigned char *digest)
{
    char digits[2 * SHA256_DIGEST_LENGTH];
    std_hex(digest, SHA256_DIGEST_LENGTH, digits);
    return std_ascii(heap, digits, sizeof(digits));
}

static vm_status crypto_sha256(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "Crypto.sha256", "String", args[0]);
    }
    unsigned char digest[SHA256_DIGEST_LENGTH];
    bl_slice text = vm_text(args[0]);
    SHA256((const unsigned char *)text.data, text.size, digest);
    return std_give(result, hex_digest(vm_task_heap(task), digest));
}

static vm_status crypto_hmac_sha256(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || !std_is_string(args[1])) {
        return vm_fail(task, "Crypto.hmac_sha256: expected (String, String)");
    }
    bl_slice key = vm_text(args[0]);
    bl_slice message = vm_text(args[1]);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (key.size > INT32_MAX ||
        HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)message.data,
             message.size, digest, &size) == NULL) {
        return vm_fail(task, "Crypto.hmac_sha256: the digest could not be computed");
    }
    return std_give(result, hex_digest(vm_task_heap(task), digest));
}

static vm_status crypto_constant_time_eq(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || !std_is_string(args[1])) {
        return vm_fail(task, "Crypto.constant_time_eq: expected (String, String)");
    }
    bl_slice a = vm_text(args[0]);
    bl_slice b = vm_text(args[1]);
    bool is_equal = a.size == b.size && CRYPTO_memcmp(a.data, b.data, a.size) == 0;
    return std_give(result, vm_bool(is_equal));
}

static vm_native natives[] = {
#include "vm/std/crypto.def"
};

vm_module std_crypto_module = STD_MODULE("Crypto", NULL, VM_PRELUDE_PURE, NULL);
