// Packet sockets (packet(7)): the calls and structures that Swift can't import.
// Every function returns what the system call returns, or -errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Declared rather than included: this module would become the owner of what <sys/socket.h> defines, and Swift would hide
// that from whoever imports Glibc and not CLinux.
struct iovec;

/// A raw packet socket that hears nothing until it is bound (protocol 0), close-on-exec.
int clinux_packet_socket(void);
/// Binds to an interface: `hears` 0 leaves the socket deaf, to send only, or to stop hearing.
int clinux_packet_bind(int descriptor, int interface_index, int hears);
/// Has a socket that hears an interface hear nothing any more: no frame comes after the return.
int clinux_packet_unlisten(int descriptor, int interface_index);
/// The interface that it is bound to: 0 for none or all, -1 for one that has gone (getsockname(2)).
int clinux_packet_bound(int descriptor);
/// Has what is received preceded by, or what is sent precede, a struct virtio_net_hdr (PACKET_VNET_HDR).
int clinux_packet_use_vnet_header(int descriptor);
/// Doesn't hear what the host itself sends (PACKET_IGNORE_OUTGOING, Linux 4.20).
int clinux_packet_ignore_outgoing(int descriptor);
/// Puts the interface into promiscuous mode for as long as the socket is there (PACKET_MR_PROMISC).
int clinux_packet_be_promiscuous(int descriptor, int interface_index);
/// Takes that back.
int clinux_packet_end_promiscuous(int descriptor, int interface_index);
/// Sets the classic BPF program (array of struct sock_filter) that says what is heard, and how much of it.
int clinux_packet_filter(int descriptor, const void *instructions, unsigned short count);
/// Nobody can change the program any more (SO_LOCK_FILTER).
int clinux_packet_lock_filter(int descriptor);
/// Makes and maps a TPACKET_V3 receive ring. `reserve`: bytes of headroom before each frame.
int clinux_packet_receive_ring(int descriptor, unsigned block_bytes, unsigned block_count, unsigned retire_milliseconds,
                               unsigned reserve, void **memory);
/// Makes and maps a TPACKET_V2 transmit ring of frames of `frame_bytes`.
int clinux_packet_transmit_ring(int descriptor, unsigned frame_bytes, unsigned frame_count, void **memory);
/// Unmaps a ring.
int clinux_packet_unmap(void *memory, size_t bytes);
/// What came in (dropped included) and what was dropped since the last call (PACKET_STATISTICS).
int clinux_packet_statistics(int descriptor, uint32_t *received, uint32_t *dropped);
/// Takes the socket's pending error (SO_ERROR), 0 if none.
int clinux_socket_error(int descriptor);
/// The other end's address of a TCP connection, in network byte order, if it isn't this end's too (getsockname(2),
/// getpeername(2)): 4 bytes of IPv4, also where IPv6 carries it, or 16 of IPv6. Returns how many; 0 if there is none.
int clinux_other_address(int descriptor, uint8_t address[16]);
/// How long a send may wait for room (SO_SNDTIMEO).
int clinux_socket_send_timeout(int descriptor, unsigned milliseconds);
/// Sends all frames of a transmit ring that are marked so, and doesn't wait for room.
ssize_t clinux_packet_kick(int descriptor);

/// `struct msghdr`.
struct clinux_message_header {
    void *msg_name;
    uint32_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};
/// `struct mmsghdr`, which glibc hides from Swift.
struct clinux_message {
    struct clinux_message_header header;
    unsigned int length;
};
/// sendmmsg(2); how many were sent, or -errno if the first couldn't be.
/// `waits` 0: a frame for which there is no room now is an error (EAGAIN).
int clinux_packet_send(int descriptor, struct clinux_message *messages, unsigned count, int waits);

/// Reads a word that the kernel writes, before anything that it tells about.
static inline uint32_t clinux_load_acquire(const volatile uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
/// Writes a word that the kernel reads, after everything that it tells about.
static inline void clinux_store_release(volatile uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
