// Sends frames out of an interface at a rate, or as fast as one CPU can, and prints one line: frames sent, seconds, CPU
// seconds of its own. Each frame is UDP with a number in its payload, so that a witness can tell which are missing.
//   traffic INTERFACE CPU FRAMES SIZE RATE      RATE 0: no limit; SIZE: bytes of the frame, 60 to 1514
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

enum { BATCH = 32, LARGEST = 1514 };

static const uint8_t head[42] = {
    0x02, 0x00, 0x5e, 0x00, 0x00, 0x02, 0x02, 0x00, 0x5e, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x00, 0x00, 10, 9, 0, 1, 10, 9, 0, 2,
    0x1b, 0x59, 0x1b, 0x5a, 0x00, 0x00, 0x00, 0x00,
};

static uint8_t frames[BATCH][LARGEST];

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void prepare(uint8_t *frame, int size) {
    memcpy(frame, head, sizeof head);
    uint16_t length = htons(size - 14), datagram = htons(size - 34);
    memcpy(frame + 16, &length, 2);
    memcpy(frame + 38, &datagram, 2);
    uint32_t sum = 0;
    for (int index = 14; index < 34; index += 2) sum += frame[index] << 8 | frame[index + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    frame[24] = ~sum >> 8;
    frame[25] = ~sum;
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "usage: traffic INTERFACE CPU FRAMES SIZE RATE\n");
        return 64;
    }
    long total = atol(arguments[3]), rate = atol(arguments[5]);
    int size = atoi(arguments[4]);
    if (total < 1 || size < 60 || size > LARGEST || rate < 0) return 64;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(atoi(arguments[2]), &cpus);
    if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) fail("CPU");
    int packets = socket(AF_PACKET, SOCK_RAW, 0);
    if (packets < 0) fail("packet socket");
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(arguments[1]),
        .sll_halen = 6,
    };
    if (to.sll_ifindex == 0) fail(arguments[1]);
    struct iovec bytes[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < BATCH; index++) {
        prepare(frames[index], size);
        bytes[index] = (struct iovec){.iov_base = frames[index], .iov_len = size};
        messages[index].msg_hdr = (struct msghdr){
            .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &bytes[index], .msg_iovlen = 1};
    }
    double start = now(CLOCK_MONOTONIC);
    for (long sent = 0; sent < total;) {
        if (rate > 0) {
            double wait = start + sent / (double)rate - now(CLOCK_MONOTONIC);
            if (wait > 0) {
                struct timespec time = {.tv_sec = (time_t)wait, .tv_nsec = (wait - (time_t)wait) * 1e9};
                nanosleep(&time, NULL);
            }
        }
        int batch = total - sent < BATCH ? total - sent : BATCH;
        for (int index = 0; index < batch; index++) {
            uint64_t number = sent + index;
            memcpy(frames[index] + sizeof head, &number, 8);
        }
        int done = 0;
        while (done < batch) {
            int code = sendmmsg(packets, messages + done, batch - done, 0);
            if (code < 0) {
                if (errno == EINTR || errno == ENOBUFS) continue;
                fail("sendmmsg");
            }
            done += code;
        }
        sent += batch;
    }
    printf("%ld %.6f %.6f\n", total, now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
