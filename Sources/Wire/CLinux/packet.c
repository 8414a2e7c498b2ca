#define _GNU_SOURCE
#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

static int set(int descriptor, int level, int option, const void *value, socklen_t size) {
    return setsockopt(descriptor, level, option, value, size) < 0 ? -errno : 0;
}

static int set_int(int descriptor, int level, int option, int value) {
    return set(descriptor, level, option, &value, sizeof value);
}

int clinux_packet_socket(void) {
    int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_packet_bind(int descriptor, int interface_index, int hears) {
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = hears ? htons(ETH_P_ALL) : 0,
                                  .sll_ifindex = interface_index};
    return bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

int clinux_packet_unlisten(int descriptor, int interface_index) {
    // 0 would mean the protocol that there is. Below ETH_P_802_3_MIN no frame has a number but those of linux/if_ether.h,
    // and this is none of them.
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_802_3_MIN - 1), .sll_ifindex = interface_index};
    return bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

int clinux_packet_bound(int descriptor) {
    struct sockaddr_ll address = {0};
    socklen_t size = sizeof address;
    return getsockname(descriptor, (struct sockaddr *)&address, &size) < 0 ? -errno : address.sll_ifindex;
}

int clinux_packet_use_vnet_header(int descriptor) { return set_int(descriptor, SOL_PACKET, PACKET_VNET_HDR, 1); }

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

int clinux_packet_ignore_outgoing(int descriptor) {
    return set_int(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
}

int clinux_packet_be_promiscuous(int descriptor, int interface_index) {
    struct packet_mreq request = {.mr_ifindex = interface_index, .mr_type = PACKET_MR_PROMISC};
    return set(descriptor, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
}

int clinux_packet_end_promiscuous(int descriptor, int interface_index) {
    struct packet_mreq request = {.mr_ifindex = interface_index, .mr_type = PACKET_MR_PROMISC};
    return set(descriptor, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &request, sizeof request);
}

int clinux_packet_filter(int descriptor, const void *instructions, unsigned short count) {
    struct sock_fprog program = {.len = count, .filter = (struct sock_filter *)instructions};
    return set(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int clinux_packet_lock_filter(int descriptor) { return set_int(descriptor, SOL_SOCKET, SO_LOCK_FILTER, 1); }

static int map(int descriptor, size_t bytes, void **memory) {
    *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return *memory == MAP_FAILED ? -errno : 0;
}

int clinux_packet_receive_ring(int descriptor, unsigned block_bytes, unsigned block_count, unsigned retire_milliseconds,
                               unsigned reserve, void **memory) {
    int code = set_int(descriptor, SOL_PACKET, PACKET_VERSION, TPACKET_V3);
    if (code < 0) return code;
    code = set(descriptor, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof reserve);
    if (code < 0) return code;
    // The size of a frame means nothing in a V3 ring, but has to divide the block's.
    struct tpacket_req3 request = {.tp_block_size = block_bytes,
                                   .tp_block_nr = block_count,
                                   .tp_frame_size = 2048,
                                   .tp_frame_nr = block_bytes / 2048 * block_count,
                                   .tp_retire_blk_tov = retire_milliseconds};
    code = set(descriptor, SOL_PACKET, PACKET_RX_RING, &request, sizeof request);
    return code < 0 ? code : map(descriptor, (size_t)block_bytes * block_count, memory);
}

int clinux_packet_transmit_ring(int descriptor, unsigned frame_bytes, unsigned frame_count, void **memory) {
    int code = set_int(descriptor, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
    if (code < 0) return code;
    // Frames of which the kernel says that they are wrong are passed over, and the others go on.
    code = set_int(descriptor, SOL_PACKET, PACKET_LOSS, 0);
    if (code < 0) return code;
    struct tpacket_req request = {.tp_block_size = frame_bytes,
                                  .tp_block_nr = frame_count,
                                  .tp_frame_size = frame_bytes,
                                  .tp_frame_nr = frame_count};
    code = set(descriptor, SOL_PACKET, PACKET_TX_RING, &request, sizeof request);
    return code < 0 ? code : map(descriptor, (size_t)frame_bytes * frame_count, memory);
}

int clinux_packet_unmap(void *memory, size_t bytes) { return munmap(memory, bytes) < 0 ? -errno : 0; }

int clinux_packet_statistics(int descriptor, uint32_t *received, uint32_t *dropped) {
    struct tpacket_stats_v3 statistics = {0};
    socklen_t size = sizeof statistics;
    if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) < 0) return -errno;
    *received = statistics.tp_packets;
    *dropped = statistics.tp_drops;
    return 0;
}

int clinux_socket_error(int descriptor) {
    int code = 0;
    socklen_t size = sizeof code;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) < 0) return -errno;
    return -code;
}

int clinux_other_address(int descriptor, uint8_t address[16]) {
    struct sockaddr_storage own, other;
    socklen_t own_size = sizeof own, other_size = sizeof other;
    if (getsockname(descriptor, (struct sockaddr *)&own, &own_size) < 0) return 0;
    if (getpeername(descriptor, (struct sockaddr *)&other, &other_size) < 0) return 0;
    if (own.ss_family != other.ss_family) return 0;
    if (own.ss_family == AF_INET) {
        const struct in_addr *here = &((struct sockaddr_in *)&own)->sin_addr;
        const struct in_addr *there = &((struct sockaddr_in *)&other)->sin_addr;
        if (here->s_addr == there->s_addr) return 0;
        memcpy(address, there, sizeof *there);
        return sizeof *there;
    }
    if (own.ss_family != AF_INET6) return 0;
    const struct in6_addr *here = &((struct sockaddr_in6 *)&own)->sin6_addr;
    const struct in6_addr *there = &((struct sockaddr_in6 *)&other)->sin6_addr;
    if (memcmp(here, there, sizeof *here) == 0) return 0;
    if (IN6_IS_ADDR_V4MAPPED(there)) {
        memcpy(address, there->s6_addr + 12, 4);
        return 4;
    }
    memcpy(address, there, sizeof *there);
    return sizeof *there;
}

int clinux_socket_send_timeout(int descriptor, unsigned milliseconds) {
    struct timeval time = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    return set(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

ssize_t clinux_packet_kick(int descriptor) {
    ssize_t size = send(descriptor, NULL, 0, MSG_DONTWAIT);
    return size < 0 ? -errno : size;
}

_Static_assert(sizeof(struct clinux_message) == sizeof(struct mmsghdr), "the same structure");

int clinux_packet_send(int descriptor, struct clinux_message *messages, unsigned count, int waits) {
    int sent = sendmmsg(descriptor, (struct mmsghdr *)messages, count, waits ? 0 : MSG_DONTWAIT);
    return sent < 0 ? -errno : sent;
}
