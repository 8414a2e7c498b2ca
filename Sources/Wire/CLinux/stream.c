#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int clinux_resolve(const char *host, int port, int numeric, struct clinux_address *addresses, int most, const char **words) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    hints.ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : AI_ADDRCONFIG);
    char service[12];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo *list = NULL;
    int code = getaddrinfo(host, service, &hints, &list);
    if (code != 0) {
        *words = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
        return -1;
    }
    int count = 0;
    for (struct addrinfo *item = list; item != NULL && count < most; item = item->ai_next) {
        if (item->ai_addrlen > sizeof addresses->bytes) continue;
        memcpy(addresses[count].bytes, item->ai_addr, item->ai_addrlen);
        addresses[count++].length = item->ai_addrlen;
    }
    freeaddrinfo(list);
    return count;
}

int clinux_connect_begin(const struct clinux_address *address) {
    struct sockaddr_storage storage = {0};
    memcpy(&storage, address->bytes, address->length);
    int descriptor = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    // Requests are small, and each is waited for.
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(descriptor, (struct sockaddr *)&storage, address->length) == 0 || errno == EINPROGRESS) return descriptor;
    int code = errno;
    close(descriptor);
    return -code;
}
