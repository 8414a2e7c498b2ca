// AF_XDP sockets in copy mode, to send (Documentation/networking/af_xdp.rst): the calls and structures that Swift can't
// import. Every function returns what the system call returns, or -errno.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// `struct xdp_desc` of linux/if_xdp.h: a frame to be sent.
struct clinux_xdp_frame {
    /// Bytes from the beginning of the memory.
    uint64_t place;
    uint32_t length;
    uint32_t options;
};

/// A socket that sends, its memory, and the two rings in which frames go to the kernel and their memory comes back.
struct clinux_xdp {
    int descriptor;
    /// Where frames lie.
    void *memory;
    size_t memory_bytes;
    /// Frames that go to the kernel. The first two are counters that run over: we write `given`, the kernel `taken`.
    volatile uint32_t *given;
    volatile uint32_t *taken;
    struct clinux_xdp_frame *frames;
    /// Places whose memory the kernel needs no more: the kernel writes `finished`, we write `reclaimed`.
    volatile uint32_t *finished;
    volatile uint32_t *reclaimed;
    uint64_t *places;
    void *maps[2];
    size_t map_bytes[2];
};

/// An AF_XDP socket that does nothing yet, close-on-exec. Only this takes a privilege (CAP_NET_RAW).
int clinux_xdp_socket(void);
/// Gives a socket memory for `chunks` frames (a power of two) of `chunk_bytes` (2048 or 4096), and its rings. The descriptor
/// is the result's from now on, and closed if this fails.
/// `batch`: how many frames a system call sends at most (XDP_MAX_TX_SKB_BUDGET, Linux 6.17). Without that, -ENOPROTOOPT:
/// older kernels don't tell at once which frames they have taken.
int clinux_xdp_prepare(int descriptor, unsigned chunk_bytes, unsigned chunks, unsigned batch, struct clinux_xdp *result);
/// Has it send through a queue of an interface, for good. No program is loaded, and nothing is received: other people's
/// frames stay theirs. -EBUSY if somebody has the queue.
int clinux_xdp_bind(int descriptor, int interface_index, unsigned queue);
/// Closes it, and gives its memory back.
void clinux_xdp_close(struct clinux_xdp *socket);
/// Has the kernel send what it was given.
int clinux_xdp_send(int descriptor);
