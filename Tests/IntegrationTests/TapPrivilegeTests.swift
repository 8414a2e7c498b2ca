import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// What a tap may do once it copies: nothing.
    @Suite("Privileges of a tap", .needs(.tool("setpriv")))
    struct TapPrivilegeTests {
        /// The lines of /proc/PID/status.
        private static func status(_ tap: TapProgram) -> [String: [String]] {
            let lines = (TextFile.read("/proc/\(tap.program.processID)/status") ?? "").split(separator: "\n")
            return Dictionary(
                lines.map { line in
                    let words = line.split { $0 == "\t" || $0 == " " }.map(String.init)
                    return (words.first ?? "", Array(words.dropFirst()))
                }, uniquingKeysWith: { first, _ in first })
        }

        private static func expectNothingLeft(_ status: [String: [String]], bounding: Bool = true) {
            for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] + (bounding ? ["CapBnd:"] : []) {
                #expect(status[set] == ["0000000000000000"], "\(set)")
            }
            #expect(status["NoNewPrivs:"] == ["1"])
        }

        private static func id(_ lab: CommandLab, _ arguments: String) throws -> String {
            try lab.sh("id \(arguments)").output.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        @Test("It keeps no capability and can't get any, and copies")
        func staysRoot() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1")
                Self.expectNothingLeft(Self.status(tap))
                try FrameSender.send(TapNumbersTests.frames(10), through: "eth0", in: lab.host(1))
                #expect(try tap.stop().sent == 10)
            }
        }

        @Test("With --user it is that user in all respects, of the user's groups or of --group's")
        func becomesUser() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let (user, group) = (try Self.id(lab, "-u nobody"), try Self.id(lab, "-g nobody"))
                let own = try lab.tap("-i", "p1:ingress", "-o", "m1", "--user", "nobody")
                var status = Self.status(own)
                Self.expectNothingLeft(status)
                #expect(status["Uid:"] == Array(repeating: user, count: 4))
                #expect(status["Gid:"] == Array(repeating: group, count: 4))
                let groups = try Self.id(lab, "-G nobody").split(separator: " ").map(String.init)
                #expect(Set(status["Groups:"] ?? []) == Set(groups))
                try FrameSender.send(TapNumbersTests.frames(10), through: "eth0", in: lab.host(1))
                #expect(try own.stop().sent == 10)

                let daemon = try Self.id(lab, "-g daemon")
                let other = try lab.tap("-i", "p1:ingress", "-o", "m1", "-u", "nobody", "-g", "daemon")
                status = Self.status(other)
                Self.expectNothingLeft(status)
                #expect(status["Uid:"] == Array(repeating: user, count: 4))
                #expect(status["Gid:"] == Array(repeating: daemon, count: 4))
                #expect(status["Groups:"]?.contains("0") == false)
                #expect(try other.stop().copied == 0)
            }
        }

        @Test("A user or group that doesn't exist is an error before anything is copied")
        func unknownUser() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                for (option, name) in [("--user", "nobody-knows"), ("--group", "no-such-group")] {
                    let outcome = try lab.portmirror(["tap", "-i", "p1", "-o", "m1", option, name])
                    #expect(outcome.status == 1, "\(outcome)")
                    #expect(outcome.error.contains(name), "\(outcome)")
                    #expect(!outcome.error.contains("received"))
                }
            }
        }

        @Test("With --chroot the directory is its root, and it copies, through the loss of its port too")
        func chroot() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                // Without the links that a temporary directory's path may have.
                let root = URL(fileURLWithPath: lab.path("empty")).resolvingSymlinksInPath().path
                try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "--chroot", root, "--user", "nobody")
                for link in ["root", "cwd"] {
                    let path = "/proc/\(tap.program.processID)/\(link)"
                    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == root, "\(link)")
                }
                try FrameSender.send(TapNumbersTests.frames(10), through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                #expect((numbers.sent, numbers.failed) == (10, 0))
                let refused = try lab.portmirror(["tap", "-i", "p1", "-o", "m1", "--chroot", lab.path("nowhere")])
                #expect(refused.status == 1)
                #expect(refused.error.contains("nowhere"), "\(refused)")
            }
        }

        @Test("One that can't begin in another root leaves nothing: no socket, no PID file, no directory")
        func failsInChroot() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let jail = lab.path("jail")
                try lab.sh("mkdir \(jail); touch \(jail)/file")
                let commands = [
                    ["tap", "-i", "p1", "-o", "files:/new/in/it,files:/file/below", "--chroot", jail],
                    [
                        "daemonlogger", "-i", "p1", "-l", "/file/below", "-T", jail, "-P", lab.path(""), "-p",
                        "it.pid",
                    ],
                ]
                for command in commands {
                    let outcome = try lab.portmirror(command)
                    #expect(outcome.status == 1, "\(outcome)")
                    #expect(outcome.error.contains("can't write to the directory /file/below: "), "\(outcome)")
                    let left = try FileManager.default.contentsOfDirectory(atPath: "\(lab.runDirectory)/taps")
                    #expect(left.filter { $0 != ".lock" } == [])
                    #expect(try FileManager.default.contentsOfDirectory(atPath: jail) == ["file"])
                    #expect(!FileManager.default.fileExists(atPath: lab.path("it.pid")))
                }
            }
        }

        @Test("Without CAP_NET_RAW it says so, with exit code 77")
        func withoutPrivilege() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let outcome = try lab.portmirror(
                    ["tap", "-i", "p1", "-o", "m1"],
                    prefix: ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"])
                #expect(outcome.status == 77, "\(outcome)")
                #expect(outcome.error.contains("CAP_NET_RAW"), "\(outcome)")
            }
        }

        @Test("With CAP_NET_RAW alone it copies")
        func leastPrivilege() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap(
                    with: ["-i", "p1:ingress", "-o", "m1"],
                    prefix: ["setpriv", "--bounding-set=-all,+net_raw", "--inh-caps=-all,+net_raw"])
                // To empty the bounding set takes CAP_SETPCAP; without it no_new_privs keeps it shut.
                Self.expectNothingLeft(Self.status(tap), bounding: false)
                try FrameSender.send(TapNumbersTests.frames(10), through: "eth0", in: lab.host(1))
                #expect(try tap.stop().sent == 10)
            }
        }
    }
}
