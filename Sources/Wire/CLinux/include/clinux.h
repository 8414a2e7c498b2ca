// The few things of Linux that Swift can't import: functions behind _GNU_SOURCE, and macros with casts.
// Every function returns what the system call returns, or -errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// unshare(2): gives the calling thread namespaces of its own.
int clinux_unshare(int flags);
/// setns(2): moves the calling thread into the namespace behind a descriptor.
int clinux_setns(int descriptor, int kind);
/// The kernel's name of an errno ("ENODEV"), or NULL.
const char *clinux_errno_name(int code);
/// openat-free open(2) with O_CLOEXEC added.
int clinux_open(const char *path, int flags, unsigned int mode);
/// Hands this process's capabilities on to the programs that it starts (ambient capabilities, capabilities(7)).
int clinux_pass_on_capabilities(void);
/// The calling thread's network namespace by its cookie (SO_NETNS_COOKIE, Linux 5.14), which is never used twice
/// before a restart.
int clinux_namespace_cookie(uint64_t *cookie);
/// pipe2(2) with O_CLOEXEC.
int clinux_pipe(int ends[2]);
/// syncfs(2).
int clinux_syncfs(int descriptor);
/// Opens a netlink socket: extended acknowledgements, strict checking, capped acknowledgements, a kernel-assigned
/// port id, a receive timeout and a large receive buffer. `optional` gets a bit for each option the kernel refused.
int clinux_netlink_open(int protocol, int timeout_seconds, int receive_bytes, unsigned int *refused);
/// Sends one datagram to the kernel (port id 0).
ssize_t clinux_netlink_send(int descriptor, const void *bytes, size_t count);
/// Size of the next datagram (MSG_PEEK|MSG_TRUNC), without taking it.
ssize_t clinux_netlink_peek(int descriptor);
/// Takes the next datagram; `sender` gets the port id it came from.
ssize_t clinux_netlink_receive(int descriptor, void *bytes, size_t capacity, uint32_t *sender);
/// Joins a multicast group by number.
int clinux_netlink_join(int descriptor, unsigned int group);
/// bpf(BPF_PROG_QUERY): how many tcx programs sit on an interface; attach type 46 is ingress, 47 egress.
int clinux_tcx_count(int interface_index, unsigned int attach_type, uint32_t *count);
/// Starts a program found on PATH (posix_spawnp). Standard input is /dev/null; `output` and `error` are descriptors to use, or -1
/// to inherit. No signal is blocked in it. Returns the process id.
int clinux_spawn(const char *const *arguments, int output, int error);
/// The same for a program that is killed when the calling thread ends, however that comes about (PR_SET_PDEATHSIG).
/// `network` is the network namespace that it runs in, as a descriptor, or -1 for that of the calling thread.
pid_t clinux_spawn_tied(const char *const *arguments, int output, int error, int network);
/// Fills a packet socket's address and binds it: all protocols, one interface.
int clinux_packet_open(int interface_index);
/// Keeps the calling thread on the CPU that it is on (sched_setaffinity(2)): what it sends is delivered in order.
int clinux_stay_on_cpu(void);
/// openat(2) with O_CLOEXEC added.
int clinux_openat(int directory, const char *name, int flags, unsigned int mode);
/// What statx(2) tells of a file. `birth` is in nanoseconds since 1970, and 0 where nobody knows: before Linux 4.11, and on
/// file systems that don't keep it.
struct clinux_file_status {
    uint64_t inode, device, size, blocks, links;
    uint32_t mode, owner;
    int64_t birth;
};
/// Of what has a name in a directory, or with an empty name of a descriptor itself. Symbolic links aren't followed.
int clinux_file_status(int directory, const char *name, struct clinux_file_status *status);
/// renameat2(2) within a directory with RENAME_NOREPLACE.
int clinux_rename_noreplace(int directory, const char *from, const char *to);
/// renameat2(2) of two paths with RENAME_EXCHANGE.
int clinux_rename_exchange(const char *path, const char *other);
/// fallocate(2) with FALLOC_FL_KEEP_SIZE.
int clinux_allocate(int descriptor, off_t offset, off_t length);
/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts writing to the disk, without waiting for it.
int clinux_start_writeback(int descriptor, off_t offset, off_t length);
/// Starts `/bin/sh -c command sh argument` in a process group of its own, with no signal blocked or ignored and nothing
/// on its standard input. Returns the process id.
int clinux_spawn_shell(const char *command, const char *argument);
/// localtime_r(3): seconds that the clock here is ahead of UTC at a time, and the zone's name. Returns 0, or -EOVERFLOW.
int clinux_zone(int64_t seconds, int *offset, char name[16]);

/// ZSTD_inBuffer and ZSTD_outBuffer of zstd.h, which have one layout.
struct clinux_zstd_buffer {
    void *bytes;
    size_t size;
    size_t position;
};

/// Bytes that there are for the text of clinux_build_mark, its NUL included.
#define CLINUX_BUILD_MARK_SIZE 64
/// What the program was built from: a commit, "development build", or nothing where that isn't known.
const char *clinux_build_mark(void);
