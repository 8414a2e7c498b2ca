#define _GNU_SOURCE
#include "xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

_Static_assert(sizeof(struct clinux_xdp_frame) == sizeof(struct xdp_desc), "the same structure");

static int set(int descriptor, int option, const void *value, socklen_t size) {
    return setsockopt(descriptor, SOL_XDP, option, value, size) < 0 ? -errno : 0;
}

static int map(struct clinux_xdp *socket, int which, size_t bytes, off_t offset) {
    void *place =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket->descriptor, offset);
    if (place == MAP_FAILED) return -errno;
    socket->maps[which] = place;
    socket->map_bytes[which] = bytes;
    return 0;
}

static int set_up(struct clinux_xdp *socket, unsigned chunk_bytes, unsigned chunks, unsigned batch) {
    socket->memory_bytes = (size_t)chunk_bytes * chunks;
    void *memory = mmap(NULL, socket->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    socket->memory = memory;
    struct xdp_umem_reg region = {
        .addr = (uintptr_t)memory, .len = socket->memory_bytes, .chunk_size = chunk_bytes};
    int code = set(socket->descriptor, XDP_UMEM_REG, &region, sizeof region);
    // Nothing is received, but the kernel wants a ring to fill.
    unsigned least = 2;
    if (code == 0) code = set(socket->descriptor, XDP_UMEM_FILL_RING, &least, sizeof least);
    if (code == 0) code = set(socket->descriptor, XDP_UMEM_COMPLETION_RING, &chunks, sizeof chunks);
    if (code == 0) code = set(socket->descriptor, XDP_TX_RING, &chunks, sizeof chunks);
    if (code == 0) code = set(socket->descriptor, XDP_MAX_TX_SKB_BUDGET, &batch, sizeof batch);
    if (code < 0) return code;

    struct xdp_mmap_offsets offsets;
    socklen_t size = sizeof offsets;
    if (getsockopt(socket->descriptor, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) < 0) return -errno;
    code = map(socket, 0, offsets.tx.desc + chunks * sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
    if (code == 0) code = map(socket, 1, offsets.cr.desc + chunks * sizeof(uint64_t), XDP_UMEM_PGOFF_COMPLETION_RING);
    if (code < 0) return code;
    char *transmit = socket->maps[0], *completion = socket->maps[1];
    socket->given = (volatile uint32_t *)(transmit + offsets.tx.producer);
    socket->taken = (volatile uint32_t *)(transmit + offsets.tx.consumer);
    socket->frames = (struct clinux_xdp_frame *)(transmit + offsets.tx.desc);
    socket->finished = (volatile uint32_t *)(completion + offsets.cr.producer);
    socket->reclaimed = (volatile uint32_t *)(completion + offsets.cr.consumer);
    socket->places = (uint64_t *)(completion + offsets.cr.desc);
    return 0;
}

int clinux_xdp_socket(void) {
    int descriptor = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_xdp_prepare(int descriptor, unsigned chunk_bytes, unsigned chunks, unsigned batch,
                       struct clinux_xdp *result) {
    *result = (struct clinux_xdp){.descriptor = descriptor};
    int code = set_up(result, chunk_bytes, chunks, batch);
    if (code < 0) clinux_xdp_close(result);
    return code;
}

int clinux_xdp_bind(int descriptor, int interface_index, unsigned queue) {
    struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
                                   .sxdp_flags = XDP_COPY,
                                   .sxdp_ifindex = (uint32_t)interface_index,
                                   .sxdp_queue_id = queue};
    return bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

void clinux_xdp_close(struct clinux_xdp *socket) {
    for (int which = 0; which < 2; which++)
        if (socket->maps[which]) munmap(socket->maps[which], socket->map_bytes[which]);
    if (socket->descriptor >= 0) close(socket->descriptor);
    if (socket->memory) munmap(socket->memory, socket->memory_bytes);
    *socket = (struct clinux_xdp){.descriptor = -1};
}

int clinux_xdp_send(int descriptor) { return sendto(descriptor, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? -errno : 0; }
