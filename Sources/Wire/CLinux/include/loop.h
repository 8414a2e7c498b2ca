// epoll(7). Every function returns what the system call returns, or -errno.
#pragma once

#include <stdint.h>

/// What a descriptor is watched for, and what it is ready for.
#define CLINUX_READING 1u
#define CLINUX_WRITING 2u
#define CLINUX_FAILING 4u

/// epoll_create1(2), closed on exec.
int clinux_epoll(void);
/// epoll_ctl(2): has a descriptor watched for readiness to read, write or both; its events bear the key.
int clinux_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t key);
/// Changes what it is watched for.
int clinux_epoll_change(int epoll, int descriptor, uint32_t interest, uint64_t key);
/// Ends it.
int clinux_epoll_remove(int epoll, int descriptor);
/// epoll_pwait2(2), or epoll_wait(2) before Linux 5.11: waits so long at most, -1 for ever.
/// An end or an error of a descriptor is readiness for both; an error is told besides.
int clinux_epoll_wait(int epoll, uint64_t *keys, uint32_t *readiness, int most, int64_t nanoseconds);
