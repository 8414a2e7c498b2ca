// Sends 64-byte frames out of an interface as fast as one CPU can, and prints what a frame cost, one line: median wall
// time, mean wall time, mean CPU time, all in ns a frame, and how many frames were sent.
//
// Meant for one end of a veth pair: the kernel then carries each frame through the other end's receive path, hooks and
// mirrors included, on the same CPU and in the sender's own time, before the next one is sent. So the sender's time is
// the whole path's time. The median is taken over chunks of CHUNK frames: it leaves out those during which something
// else had the CPU.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, CHUNK = 16 * BATCH, SIZE = 64 };

// UDP from 10.9.0.1:7001 to 10.9.0.2:7002, for a MAC address that nobody has: the receiving end's IP layer drops it at
// once. The IP header's checksum is right; UDP's is left out, as IPv4 allows.
static const uint8_t frame[SIZE] = {
    0x02, 0x00, 0x5e, 0x00, 0x00, 0x02, 0x02, 0x00, 0x5e, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x32, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x26, 0xa7, 10, 9, 0, 1, 10, 9, 0, 2,
    0x1b, 0x59, 0x1b, 0x5a, 0x00, 0x1e, 0x00, 0x00,
};

static double nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void send_chunk(int packets, struct mmsghdr *messages) {
    for (int sent = 0; sent < CHUNK;) {
        int left = CHUNK - sent;
        int count = sendmmsg(packets, messages, left < BATCH ? left : BATCH, 0);
        if (count < 0) {
            if (errno == EINTR || errno == ENOBUFS) continue;
            fail("sendmmsg");
        }
        sent += count;
    }
}

int main(int count, char **arguments) {
    long frames = count == 4 ? atol(arguments[3]) : 0;
    if (frames < CHUNK) {
        fprintf(stderr, "usage: blast INTERFACE CPU FRAMES (at least %d)\n", CHUNK);
        return 64;
    }
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(atoi(arguments[2]), &cpus);
    if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) fail("CPU");

    // Protocol 0: this socket only sends.
    int packets = socket(AF_PACKET, SOCK_RAW, 0);
    if (packets < 0) fail("packet socket");
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(arguments[1]),
        .sll_halen = 6,
    };
    if (to.sll_ifindex == 0) fail(arguments[1]);
    struct iovec bytes = {.iov_base = (void *)frame, .iov_len = SIZE};
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < BATCH; index++) {
        messages[index].msg_hdr.msg_name = &to;
        messages[index].msg_hdr.msg_namelen = sizeof to;
        messages[index].msg_hdr.msg_iov = &bytes;
        messages[index].msg_hdr.msg_iovlen = 1;
    }

    long chunks = frames / CHUNK, warm = chunks / 10;
    double *times = malloc(sizeof *times * chunks);
    if (times == NULL) fail("memory");
    double wall = 0, cpu = 0;
    for (long chunk = 0; chunk < warm + chunks; chunk++) {
        double wall_before = nanoseconds(CLOCK_MONOTONIC), cpu_before = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
        send_chunk(packets, messages);
        double cpu_after = nanoseconds(CLOCK_THREAD_CPUTIME_ID), wall_after = nanoseconds(CLOCK_MONOTONIC);
        if (chunk < warm) continue;
        times[chunk - warm] = (wall_after - wall_before) / CHUNK;
        wall += wall_after - wall_before;
        cpu += cpu_after - cpu_before;
    }
    qsort(times, chunks, sizeof *times, ascending);
    long total = chunks * CHUNK;
    printf("%.1f %.1f %.1f %ld\n", times[chunks / 2], wall / total, cpu / total, (warm + chunks) * CHUNK);
    return 0;
}
