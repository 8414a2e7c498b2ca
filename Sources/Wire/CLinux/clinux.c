#define _GNU_SOURCE
#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int result(int value) { return value < 0 ? -errno : value; }

int clinux_unshare(int flags) { return result(unshare(flags)); }

int clinux_setns(int descriptor, int kind) { return result(setns(descriptor, kind)); }

const char *clinux_errno_name(int code) { return strerrorname_np(code); }

int clinux_open(const char *path, int flags, unsigned int mode) { return result(open(path, flags | O_CLOEXEC, mode)); }

int clinux_pass_on_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -errno;
    for (int i = 0; i < 2; i++) data[i].inheritable = data[i].permitted;
    if (syscall(SYS_capset, &header, data) < 0) return -errno;
    for (int capability = 0; capability <= 63; capability++)
        if (data[capability / 32].permitted >> capability % 32 & 1 &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return -errno;
    return 0;
}

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int clinux_namespace_cookie(uint64_t *cookie) {
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    socklen_t size = sizeof *cookie;
    int code = result(getsockopt(descriptor, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &size));
    close(descriptor);
    return code;
}

int clinux_pipe(int ends[2]) { return result(pipe2(ends, O_CLOEXEC)); }

int clinux_syncfs(int descriptor) { return result(syncfs(descriptor)); }

// Older C libraries lack some of these; the values are the kernel's (linux/netlink.h).
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

int clinux_netlink_open(int protocol, int timeout_seconds, int receive_bytes, unsigned int *refused) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (descriptor < 0) return -errno;
    int on = 1;
    *refused = 0;
    if (setsockopt(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0) *refused |= 1;
    if (setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on) < 0) *refused |= 2;
    if (setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0) *refused |= 4;
    struct timeval timeout = {.tv_sec = timeout_seconds};
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0) *refused |= 8;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes) < 0 &&
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes) < 0)
        *refused |= 16;
    // Port id 0 lets the kernel choose: binding getpid() makes a process's second socket fail.
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        int code = errno;
        close(descriptor);
        return -code;
    }
    return descriptor;
}

ssize_t clinux_netlink_send(int descriptor, const void *bytes, size_t count) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do sent = sendto(descriptor, bytes, count, 0, (struct sockaddr *)&kernel, sizeof kernel);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ssize_t clinux_netlink_peek(int descriptor) {
    ssize_t size;
    do size = recv(descriptor, NULL, 0, MSG_PEEK | MSG_TRUNC);
    while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : size;
}

ssize_t clinux_netlink_receive(int descriptor, void *bytes, size_t capacity, uint32_t *sender) {
    struct sockaddr_nl from = {0};
    socklen_t length = sizeof from;
    ssize_t size;
    do size = recvfrom(descriptor, bytes, capacity, MSG_TRUNC, (struct sockaddr *)&from, &length);
    while (size < 0 && errno == EINTR);
    *sender = from.nl_pid;
    return size < 0 ? -errno : size;
}

int clinux_netlink_join(int descriptor, unsigned int group) {
    return result(setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
}

int clinux_tcx_count(int interface_index, unsigned int attach_type, uint32_t *count) {
    union bpf_attr attribute;
    memset(&attribute, 0, sizeof attribute);
    attribute.query.target_fd = (uint32_t)interface_index;  // a union with target_ifindex since 6.6
    attribute.query.attach_type = attach_type;
    int code = result((int)syscall(SYS_bpf, BPF_PROG_QUERY, &attribute, sizeof attribute));
    *count = code < 0 ? 0 : attribute.query.prog_cnt;
    return code;
}

int clinux_spawn(const char *const *arguments, int output, int error) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (output >= 0) posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (error >= 0) posix_spawn_file_actions_adddup2(&actions, error, 2);
    // What this process has blocked to read from a signalfd, and the SIGPIPE that its libraries ignore, are its own
    // affair: a program started with SIGTERM blocked couldn't be ended.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    pid_t child = -1;
    int code = posix_spawnp(&child, arguments[0], &actions, &attributes, (char *const *)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code != 0 ? -code : child;
}

pid_t clinux_spawn_tied(const char *const *arguments, int output, int error, int network) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -errno;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        // posix_spawn can't do this. It goes by the thread that forks: the main thread's end is the process's.
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent) _exit(127);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
        int nothing = open("/dev/null", O_RDONLY);
        if (nothing >= 0) dup2(nothing, 0);
        if (output >= 0) dup2(output, 1);
        if (error >= 0) dup2(error, 2);
        if (network < 0 || setns(network, CLONE_NEWNET) == 0) execvp(arguments[0], (char *const *)arguments);
        int code = errno;
        ssize_t written = write(report[1], &code, sizeof code);
        _exit(written < 0 ? 126 : 127);
    }
    int code = child < 0 ? errno : 0;
    close(report[1]);
    if (child > 0) {
        ssize_t size;
        while ((size = read(report[0], &code, sizeof code)) < 0 && errno == EINTR) continue;
        if (size == (ssize_t)sizeof code)
            waitpid(child, NULL, 0);
        else
            code = 0;
    }
    close(report[0]);
    return code != 0 ? -code : child;
}

int clinux_packet_open(int interface_index) {
    // Protocol 0 until it is bound: a socket opened with ETH_P_ALL hears every interface for a moment.
    int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = interface_index};
    int on = 1, receive_bytes = 8 << 20;
    setsockopt(descriptor, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        int code = errno;
        close(descriptor);
        return -code;
    }
    return descriptor;
}

int clinux_stay_on_cpu(void) {
    int cpu = sched_getcpu();
    if (cpu < 0) return -errno;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return result(sched_setaffinity(0, sizeof one, &one));
}

int clinux_openat(int directory, const char *name, int flags, unsigned int mode) {
    return result(openat(directory, name, flags | O_CLOEXEC, mode));
}

int clinux_file_status(int directory, const char *name, struct clinux_file_status *status) {
    const int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
    struct statx found;
    if (statx(directory, name, flags, STATX_BASIC_STATS | STATX_BTIME, &found) == 0) {
        *status = (struct clinux_file_status){
            .inode = found.stx_ino,
            .device = makedev(found.stx_dev_major, found.stx_dev_minor),
            .size = found.stx_size,
            .blocks = found.stx_blocks,
            .links = found.stx_nlink,
            .mode = found.stx_mode,
            .owner = found.stx_uid,
        };
        int64_t birth;
        if (found.stx_mask & STATX_BTIME && !__builtin_mul_overflow(found.stx_btime.tv_sec, INT64_C(1000000000), &birth) &&
            !__builtin_add_overflow(birth, found.stx_btime.tv_nsec, &birth))
            status->birth = birth;
        return 0;
    }
    // Before Linux 4.11, and where a sandbox knows nothing of the call.
    if (errno != ENOSYS && errno != EPERM) return -errno;
    struct stat old;
    if (fstatat(directory, name, &old, flags) < 0) return -errno;
    *status = (struct clinux_file_status){
        .inode = old.st_ino,
        .device = old.st_dev,
        .size = old.st_size < 0 ? 0 : old.st_size,
        .blocks = old.st_blocks < 0 ? 0 : old.st_blocks,
        .links = old.st_nlink,
        .mode = old.st_mode,
        .owner = old.st_uid,
    };
    return 0;
}

int clinux_rename_noreplace(int directory, const char *from, const char *to) {
    return result(renameat2(directory, from, directory, to, RENAME_NOREPLACE));
}

int clinux_rename_exchange(const char *path, const char *other) {
    return result(renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE));
}

int clinux_allocate(int descriptor, off_t offset, off_t length) {
    return result(fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length));
}

int clinux_start_writeback(int descriptor, off_t offset, off_t length) {
    return result(sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE));
}

int clinux_spawn_shell(const char *command, const char *argument) {
    const char *const arguments[] = {"/bin/sh", "-c", command, "sh", argument, NULL};
    // Nothing to read, and no device needed for it: another root directory may have none.
    int empty[2];
    if (pipe2(empty, O_CLOEXEC) < 0) return -errno;
    close(empty[1]);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, empty[0], 0);
    pid_t child = -1;
    int code = posix_spawn(&child, arguments[0], &actions, &attributes, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(empty[0]);
    return code != 0 ? -code : child;
}

int clinux_zone(int64_t seconds, int *offset, char name[16]) {
    time_t time = seconds;
    struct tm local;
    // Not tzset(3): it would look for the zone's file once more, which isn't there in another root directory.
    if (!localtime_r(&time, &local)) return -EOVERFLOW;
    *offset = (int)local.tm_gmtoff;
    snprintf(name, 16, "%s", local.tm_zone ? local.tm_zone : "");
    return 0;
}
