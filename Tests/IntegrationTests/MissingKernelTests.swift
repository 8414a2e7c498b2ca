import Testing
import TestSupport

extension IntegrationTests {
    /// Kernels that lack a part: the real kernel's answers to a part of that name that it doesn't have.
    @Suite("Kernels without clsact, mirred or cls_bpf", .needs(.tool("clang")))
    struct MissingKernelTests {
        /// Changes a word in what is sent to the kernel, which then says what it says of parts that it lacks.
        private static let shim = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/socket.h>
            ssize_t sendto(int descriptor, const void *bytes, size_t count, int flags, const struct sockaddr *to,
                           socklen_t length) {
                ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
                    dlsym(RTLD_NEXT, "sendto");
                char *copy = malloc(count);
                memcpy(copy, bytes, count);
                for (char *word = strtok(strdup(getenv("HIDDEN")), ","); word; word = strtok(NULL, ","))
                    for (size_t size = strlen(word), place = 0; place + size < count; place++)
                        if (!memcmp(copy + place, word, size) && copy[place + size] == 0) copy[place + size - 1] = '_';
                ssize_t sent = real(descriptor, copy, count, flags, to, length);
                free(copy);
                return sent;
            }

            """

        private static let cases: [(hidden: String, filter: [String], says: [String])] = [
            ("clsact", [], ["clsact", "CONFIG_NET_SCH_INGRESS"]),
            ("mirred", [], ["CONFIG_NET_ACT_MIRRED"]),
            ("matchall,u32", [], ["CONFIG_NET_CLS_MATCHALL or CONFIG_NET_CLS_U32"]),
            ("bpf", ["--filter", "icmp"], ["cls_bpf", "CONFIG_NET_CLS_BPF"]),
        ]

        @Test("A missing part is named with what the kernel said and its option; nothing has changed", arguments: cases)
        func missing(hidden: String, filter: [String], says: [String]) throws {
            try withCommandLab { lab in
                try TextFile.write(Self.shim, to: lab.path("shim.c"))
                try lab.sh("clang -shared -fPIC -o \(lab.path("shim.so")) \(lab.path("shim.c"))")
                let prefix = ["env", "LD_PRELOAD=\(lab.path("shim.so"))", "HIDDEN=\(hidden)"]
                let refused = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3"] + filter, prefix: prefix)
                #expect(refused.status == 1)
                for words in says { #expect(refused.error.contains(words), "\(refused)") }
                #expect(refused.error.contains("this kernel lacks"))
                #expect(refused.error.contains("nothing was changed"))
                #expect(try lab.sh("tc qdisc show").output.contains("clsact") == false)
                #expect(try lab.sh("ethtool -k p3").output.contains("tx-checksumming: on"))
                #expect(lab.files(in: lab.configDirectory) == [])
            }
        }

        @Test("Without matchall u32 is taken, and the copies are the same")
        func withoutMatchall() throws {
            try withCommandLab { lab in
                try TextFile.write(Self.shim, to: lab.path("shim.c"))
                try lab.sh("clang -shared -fPIC -o \(lab.path("shim.so")) \(lab.path("shim.c"))")
                let prefix = ["env", "LD_PRELOAD=\(lab.path("shim.so"))", "HIDDEN=matchall"]
                #expect(try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3"], prefix: prefix).status == 0)
                #expect(try lab.sh("tc filter show dev p1 ingress").output.contains("u32"))
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 20, sentinelThrough: "p3").count == 20)
            }
        }
    }
}
