import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 10: whatever fails, and whenever it is killed.
    @Suite("Failing and being killed at every step", .needs(.tool("strace")))
    struct KillTests {
        /// System calls by which a command changes anything; those of the loader are among them, which does no harm.
        static let calls = ["sendto", "rename", "unlink", "mkdir", "write"]

        /// Everything that a mirror can have: both hooks, a shared and an own clsact, two outputs to prepare.
        private static let add = [
            "add", "ids", "--from", "p1,p2:ingress", "--to", "p3,p4", "--reserve-output",
        ]

        /// The clsact of p1 is somebody else's, with filters before and after ours; that of p2 will be ours.
        private static func prepare(_ lab: CommandLab) throws {
            try lab.sh("tc qdisc add dev p1 clsact")
            try NeighbourTests.addCounter(lab, "p1", "ingress", preference: 5000)
            try NeighbourTests.addCounter(lab, "p1", "egress", preference: 5001)
            try lab.remember()
        }

        /// How often a command makes a system call.
        static func count(_ lab: CommandLab, _ call: String, _ arguments: [String], status: Int32 = 0) throws -> Int {
            let file = lab.path("calls")
            let outcome = try lab.portmirror(
                arguments, prefix: ["strace", "-f", "--seccomp-bpf", "-qq", "-o", file, "-e", "trace=\(call)"])
            guard outcome.status == status else { throw LabError("\(outcome)") }
            return (TextFile.read(file) ?? "").split(separator: "\n").count { $0.contains("\(call)(") }
        }

        /// The calls to meddle with. Each answer is looked at (its size) and then taken: one of the two will do.
        static func numbers(_ call: String, _ count: Int) -> StrideThrough<Int> {
            stride(from: 1, through: count, by: call == "recvfrom" ? 2 : 1)
        }

        static func inject(_ call: String, _ what: String, at number: Int) -> [String] {
            // With --seccomp-bpf strace 6.1 doesn't deliver the signal.
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)"]
                + ["-e", "inject=\(call):\(what):when=\(number)"]
        }

        /// The sections that no mirror may change, not even while it runs.
        private static func isForeign(_ title: String) -> Bool {
            !title.hasPrefix("p3 ") && !title.hasPrefix("p4 ") && title != "p2 tc"
        }

        private static func checkOthers(_ before: CommandSnapshot, _ lab: CommandLab) throws {
            let now = try lab.snapshot().withoutOurs
            for (title, text) in before.withoutOurs.sections where isForeign(title) {
                #expect(now.sections[title] == text, "\(title)")
            }
        }

        @Test("add, killed at any step, harms nothing, and the next run completes or cleans it", arguments: calls)
        func killedAdd(call: String) throws {
            try withCommandLab(hosts: 4, alone: ["x1"]) { lab in
                try Self.prepare(lab)
                let before = try lab.snapshot()
                let steps = try Self.count(lab, call, Self.add)
                try lab.mirror("remove", "--all")
                for step in Self.numbers(call, steps) {
                    let killed = try lab.portmirror(
                        Self.add, prefix: Self.inject(call, "signal=SIGKILL", at: step))
                    try #require(killed.status == 137, "\(call) \(step): \(killed)")
                    try lab.ping(1, 2, count: 2)
                    try Self.checkOthers(before, lab)
                    if step % 2 == 0 {
                        let applied = try lab.portmirror(["apply"])
                        #expect(applied.status == 0, "\(call) \(step): \(applied)")
                        for shown in try lab.list() { #expect(shown.state == "active", "\(call) \(step)") }
                        #expect(try lab.portmirror(["plan"]).status == 0, "\(call) \(step)")
                    }
                    try lab.mirror("remove", "--all")
                    #expect(before.differences(to: try lab.snapshot()) == "", "\(call) \(step)")
                    #expect(try lab.list().isEmpty, "\(call) \(step)")
                    #expect(lab.leftFiles == [], "\(call) \(step)")
                }
            }
        }

        @Test(
            "remove, killed at any step, harms nothing, and the next run completes it or has it back", arguments: calls)
        func killedRemove(call: String) throws {
            try withCommandLab(hosts: 4, alone: ["x1"]) { lab in
                try Self.prepare(lab)
                let before = try lab.snapshot()
                _ = try lab.portmirror(Self.add)
                let steps = try Self.count(lab, call, ["remove", "ids"])
                for step in Self.numbers(call, steps) {
                    let added = try lab.portmirror(Self.add)
                    try #require(added.status == 0, "\(call) \(step): \(added)")
                    let killed = try lab.portmirror(
                        ["remove", "ids"], prefix: Self.inject(call, "signal=SIGKILL", at: step))
                    try #require(killed.status == 137, "\(call) \(step): \(killed)")
                    try lab.ping(1, 2, count: 2)
                    try Self.checkOthers(before, lab)
                    if step % 2 == 0 {
                        #expect(try lab.portmirror(["apply"]).status == 0)
                        for shown in try lab.list() { #expect(shown.state == "active", "\(call) \(step)") }
                    }
                    try lab.mirror("remove", "--all")
                    #expect(before.differences(to: try lab.snapshot()) == "", "\(call) \(step)")
                    #expect(lab.leftFiles == [], "\(call) \(step)")
                }
            }
        }

        @Test(
            "add that fails at any step leaves everything as it was",
            arguments: [
                ("sendto", "ENOBUFS"), ("recvfrom", "ENOMEM"), ("rename", "EIO"), ("mkdir", "EROFS"),
                ("write", "ENOSPC"),
            ])
        func failedAdd(call: String, error: String) throws {
            try withCommandLab(hosts: 4, alone: ["x1"]) { lab in
                try Self.prepare(lab)
                let before = try lab.snapshot()
                let steps = try Self.count(lab, call, Self.add)
                try lab.mirror("remove", "--all")
                for step in Self.numbers(call, steps) {
                    let failed = try lab.portmirror(Self.add, prefix: Self.inject(call, "error=\(error)", at: step))
                    if failed.status == 0 {
                        // A call that isn't needed; then all of it is done.
                        #expect(try lab.portmirror(["plan"]).status == 0, "\(call) \(step): \(failed)")
                        try lab.mirror("remove", "--all")
                    } else {
                        #expect(failed.status == 1, "\(call) \(step): \(failed)")
                        #expect(!failed.error.isEmpty)
                    }
                    #expect(before.differences(to: try lab.snapshot()) == "", "\(call) \(step): \(failed)")
                    #expect(lab.leftFiles == [], "\(call) \(step): \(failed)")
                }
            }
        }

        @Test(
            "remove that fails at any step leaves the mirror running",
            arguments: [
                ("sendto", "ENOBUFS"), ("recvfrom", "ENOMEM"), ("rename", "EIO"), ("unlink", "EROFS"),
            ])
        func failedRemove(call: String, error: String) throws {
            try withCommandLab(hosts: 4, alone: ["x1"]) { lab in
                try Self.prepare(lab)
                _ = try lab.portmirror(Self.add)
                let steps = try Self.count(lab, call, ["remove", "ids"])
                _ = try lab.portmirror(Self.add)
                var before = try lab.snapshot()
                for step in Self.numbers(call, steps) {
                    let failed = try lab.portmirror(
                        ["remove", "ids"], prefix: Self.inject(call, "error=\(error)", at: step))
                    if failed.status == 0 {
                        #expect(try lab.list().isEmpty, "\(call) \(step)")
                        let added = try lab.portmirror(Self.add)
                        try #require(added.status == 0, "\(call) \(step): \(added)")
                        before = try lab.snapshot()
                        continue
                    }
                    #expect(failed.status == 1, "\(call) \(step): \(failed)")
                    #expect(try lab.list().map(\.state) == ["active"], "\(call) \(step): \(failed)")
                    let now = try lab.snapshot()
                    #expect(before.withoutOurs.differences(to: now.withoutOurs) == "", "\(call) \(step): \(failed)")
                    #expect(try lab.portmirror(["plan"]).status == 0, "\(call) \(step): \(failed)")
                }
                try lab.mirror("remove", "--all")
            }
        }
    }
}

extension CommandLab {
    /// Files in the run and config directories that shouldn't be there once all mirrors are removed.
    var leftFiles: [String] { files(in: runDirectory).filter { $0 != "lock" } + files(in: configDirectory) }
}
