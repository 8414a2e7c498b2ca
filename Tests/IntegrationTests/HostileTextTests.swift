import Foundation
import Glibc
import RandomNumbers
import TestSupport
import Testing

extension IntegrationTests {
    /// What others write into Open vSwitch's database, or answer in a tap's place, and what comes of it on the terminal.
    @Suite("Numbers and words of others", .needs(.openVSwitch))
    struct HostileTextTests {
        /// Characters that a terminal acts on, or that turn or hide a text; and a line that looks like this program's.
        private static let hostile = "\u{1b}]0;x\u{7}\u{1b}[31m\u{9b}2J\u{202e}\u{7f}\r\nportmirror: all is well\n"

        private func check(_ outcome: ProgramOutcome) {
            for text in [outcome.output, outcome.error] {
                let bad = text.unicodeScalars.first {
                    $0 != "\n" && ($0.value < 0x20 || (0x7f...0x9f).contains($0.value) || $0.value == 0x202e)
                }
                #expect(bad == nil, "\(String(describing: bad)) in \(outcome.arguments): \(text.debugDescription)")
                let forged = text.split(separator: "\n").first { $0.hasPrefix("portmirror: all is well") }
                #expect(forged == nil, "\(outcome.arguments): \(text.debugDescription)")
            }
            #expect(outcome.status < 128, "\(outcome)")
        }

        /// Text as ovs-vsctl reads it.
        private func quoted(_ text: String) -> String {
            "\""
                + text.unicodeScalars.map {
                    $0.value < 0x20 || "\"\\".contains(String($0)) ? String(format: "\\u%04x", $0.value) : String($0)
                }.joined() + "\""
        }

        @Test("Names and filters with control characters and line breaks stay on their line, as escapes") func names()
            throws
        {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let text = Self.hostile
                let ports = try openVSwitch.vsctl("get Bridge br0 ports").split(separator: "\n").joined()
                try openVSwitch.vsctl([
                    "--", "--id=@p", "get", "Port", "p1", "--", "--id=@q", "get", "Port", "p2", "--", "--id=@m",
                    "create",
                    "Mirror", "name=\(quoted(text))", "select_src_port=@p", "output_port=@q", "--", "add", "Bridge",
                    "br0",
                    "mirrors", "@m",
                ])
                try openVSwitch.vsctl([
                    "--no-wait", "--", "--id=@i", "create", "Interface", "name=\(quoted("i" + text))", "--", "--id=@p",
                    "create", "Port", "name=\(quoted("p" + text))", "interfaces=@i", "--", "add", "Bridge", "br0",
                    "ports",
                    "@p",
                ])
                for arguments in [
                    ["list"], ["list", "--json"], ["list", "--foreign"], ["list", "--foreign", "--json"], ["ports"],
                    ["ports", "--json"], ["import"], ["import", "--take-over", "--dry-run"], ["plan"],
                    ["add", "x", "--from", "p1", "--to", "p2", "--dry-run"],
                    ["add", "x", "--from-bridge", "br0", "--to", "p2", "--dry-run"], ["show", "x"],
                ] {
                    let outcome = try lab.portmirror(arguments)
                    check(outcome)
                    if arguments.last == "--json" {
                        #expect(throws: Never.self, "\(outcome)") {
                            try JSONSerialization.jsonObject(
                                with: Data(outcome.output.utf8), options: .fragmentsAllowed)
                        }
                    }
                }
                let foreign = try lab.portmirror(["list", "--foreign"])
                #expect(foreign.output.contains(#"\u{1B}]0;x\u{07}"#), "\(foreign)")
                // The table's heading, its line, and what is wrong with it.
                #expect(foreign.output.split(separator: "\n").count == 3, "\(foreign)")
                let json = try lab.portmirror(["list", "--foreign", "--json"])
                let rows = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
                #expect(rows?.first?["name"] as? String == text)
                // What import writes is YAML still, and nothing of the name is a line of it.
                let imported = try lab.portmirror(["import"])
                #expect(!imported.output.split(separator: "\n").contains { $0.hasPrefix("portmirror") }, "\(imported)")
                try openVSwitch.vsctl([
                    "--", "clear", "Bridge", "br0", "mirrors", "--", "set", "Bridge", "br0", "ports=\(ports)",
                ])
            }
        }

        @Test("What a person types comes back without its control characters") func arguments() throws {
            try withCommandLab(hosts: 0) { lab in
                for arguments in [
                    [Self.hostile], ["list", Self.hostile], ["show", Self.hostile], ["add", Self.hostile],
                    ["plan", "-f", "/nonexistent/\(Self.hostile)"], ["list", "--db", Self.hostile],
                    ["add", "m", "--from", Self.hostile, "--to", "x"],
                ] {
                    let outcome = try lab.portmirror(arguments)
                    let text = outcome.error
                    #expect(
                        !text.contains("\u{1b}") && !text.contains("\u{9b}") && !text.contains("\u{202e}"), "\(outcome)"
                    )
                    #expect(outcome.status != 0 && outcome.status < 128, "\(outcome)")
                }
            }
        }

        @Test("Whatever number stands in our external_ids, every command says something sane") func externalIDs() throws
        {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                let row = try openVSwitch.vsctl("--bare --columns=_uuid find Mirror name=ids")
                    .split(separator: "\n").joined()
                let values =
                    ExtremeNumbers.whole + ["x", "", "1.5", "٣"]
                    + ["-9223372036854775808,0", "0,18446744073709551615", "18446744073709551615,18446744073709551615"]
                for key in ["portmirror-since", "portmirror-baseline", "portmirror-flood", "portmirror"] {
                    let before = try openVSwitch.vsctl("get Mirror \(row) external_ids")
                    for value in values {
                        try openVSwitch.vsctl([
                            "--no-wait", "set", "Mirror", row, "external_ids:\(key)=\(quoted(value))",
                        ])
                        for arguments in [
                            ["list", "--json"], ["plan"],
                            ["add", "two", "--from", "p2", "--to", "vlan:12@br0", "--dry-run"],
                        ] {
                            let outcome = try lab.portmirror(arguments)
                            #expect(outcome.status < 128, "\(key)=\(value): \(outcome)")
                        }
                    }
                    try openVSwitch.vsctl([
                        "--no-wait", "set", "Mirror", row, "external_ids=\(before.split(separator: "\n").joined())",
                    ])
                }
                try lab.mirror("remove", "ids")
            }
        }

        @Test("Whatever stands as statistics and interval in the database, every command says something sane")
        func statistics() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                for value in ExtremeNumbers.signed {
                    // ovs-vswitchd writes them anew every five seconds.
                    try openVSwitch.vsctl([
                        "--no-wait", "set", "Mirror", "ids", "statistics:tx_packets=\(value)",
                        "statistics:tx_bytes=\(value)", "--", "set", "Interface", "p3",
                        "statistics:tx_packets=\(value)",
                        "--", "set", "Open_vSwitch", ".", "other_config:stats-update-interval=\(value)",
                    ])
                    for arguments in [["list"], ["show", "ids"], ["show", "ids", "--json"]] {
                        let outcome = try lab.portmirror(arguments)
                        #expect(outcome.status == 0, "\(value): \(outcome)")
                    }
                }
                try openVSwitch.vsctl("--no-wait remove Open_vSwitch . other_config stats-update-interval")
                try lab.mirror("remove", "ids")
            }
        }

        // MARK: In a tap's place

        @Test("Who answers in a tap's place a byte at a time holds nobody up, and what it says stays on its line")
        func answers() throws {
            try withCommandLab(hosts: 0) { lab in
                try FileManager.default.createDirectory(
                    atPath: "\(lab.runDirectory)/taps", withIntermediateDirectories: true)
                let report = """
                    {"version":1,"process":1,"since":-9223372036854775808,"definition":"","problems":[\(json(Self.hostile))],
                    "sources":[],"copies":[],"files":[{"directory":"/a","current":\(json(Self.hostile)),
                    "finished":18446744073709551615,"removed":18446744073709551615,"bytes":18446744073709551615}]}
                    """
                let script = """
                    import socket, sys, threading, time
                    def serve(name, answer):
                        s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + "/" + name + ".sock"); s.listen(8)
                        def run():
                            while True:
                                c, _ = s.accept()
                                threading.Thread(target=answer, args=(c,), daemon=True).start()
                        threading.Thread(target=run, daemon=True).start()
                    def slow(c):
                        try:
                            while True: c.send(b"{"); time.sleep(1)
                        except OSError: pass
                    def whole(c):
                        c.sendall(sys.argv[2].encode()); c.close()
                    serve("slow", slow); serve("slow2", slow); serve("tap-1", whole)
                    print("ready", file=sys.stderr, flush=True)
                    time.sleep(60)
                    """
                let server = try lab.start(["python3", "-c", script, "\(lab.runDirectory)/taps", report])
                try server.waitForError(containing: "ready")
                for arguments in [["list"], ["show", "tap-1"], ["show", "tap-1", "--json"], ["list", "--json"]] {
                    let begin = Deadline.now()
                    let outcome = try lab.portmirror(arguments)
                    check(outcome)
                    #expect(outcome.status == 0, "\(outcome)")
                    #expect(Deadline.now() - begin < 8, "\(outcome)")
                    #expect(outcome.error.contains("slow") && outcome.error.contains("within 2 seconds"), "\(outcome)")
                    #expect(outcome.output.contains("portmirror: all is well"), "\(outcome)")
                }
                server.kill()
                for name in ["slow", "slow2", "tap-1"] { unlink("\(lab.runDirectory)/taps/\(name).sock") }
            }
        }

        private func json(_ text: String) -> String {
            String(
                decoding: (try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)) ?? Data(),
                as: UTF8.self)
        }

        // MARK: The program's own options

        @Test("Every option of log takes extremes, and what it takes it works with", .timeLimit(.minutes(5)))
        func options() throws {
            try withCommandLab(hosts: 0) { lab in
                let capture =
                    #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/examples/ping.pcap"
                struct Tool: Decodable {
                    struct Command: Decodable {
                        struct Argument: Decodable {
                            struct Name: Decodable { let kind: String; let name: String }
                            let kind: String
                            let names: [Name]?
                        }
                        let arguments: [Argument]?
                    }
                    let command: Command
                }
                let help = try lab.portmirror(["log", "--experimental-dump-help"])
                let tool = try JSONDecoder().decode(Tool.self, from: Data(help.output.utf8))
                let options = (tool.command.arguments ?? []).filter { $0.kind == "option" }.compactMap { argument in
                    argument.names?.first.map { ($0.kind == "long" ? "--" : "-") + $0.name }
                }
                #expect(options.contains("--latency") && options.contains("--rotate-time"))
                let other = ["-R", "--read", "-u", "--user", "-g", "--group", "--chroot", "--after-rotation", "--dir"]
                for option in options where !other.contains(option) {
                    for value in [
                        "0", "-1", "4294967296", "18446744073709551615", "4294968s", "9223372036854775807s", "8388608T",
                        "x",
                    ] {
                        let outcome = try lab.portmirror(
                            [
                                "log", "-R", capture, "--dir", lab.path("captures"), "--rotate-packets=2",
                                "\(option)=\(value)", "-q",
                            ])
                        #expect(outcome.status < 128 && !outcome.timedOut, "\(outcome)")
                        #expect(outcome.status == 0 || !outcome.error.isEmpty, "\(outcome)")
                    }
                }
            }
        }

        @Test("A compressed capture of a few kilobytes takes no more memory than any other") func bombs() throws {
            try withCommandLab(hosts: 0) { lab in
                // 600 frames of 262,144 zeros: 150 MiB.
                try lab.sh(
                    """
                    python3 -c '
                    import sys, struct
                    out = sys.stdout.buffer
                    out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
                    frame = struct.pack("<IIII", 1, 0, 262144, 262144) + bytes(262144)
                    for _ in range(600): out.write(frame)
                    ' | zstd -q -o \(lab.path("bomb.pcap.zst"))
                    """)
                try TextFile.write(
                    "version: 1\nmirrors:\n  m: {from: a, to: b, filter: arp}\n", to: lab.path("mirrors.yaml"))
                for command in [
                    "simulate -f \(lab.path("mirrors.yaml")) --pcap \(lab.path("bomb.pcap.zst")) --port a --out \(lab.path("copies"))",
                    "log -R \(lab.path("bomb.pcap.zst")) --dir \(lab.path("captures")) arp",
                ] {
                    let outcome = try lab.sh("ulimit -v 400000; exec \(CommandLab.binary) \(command)")
                    #expect(outcome.succeeded, "\(outcome)")
                }
                #expect((TextFile.bytes(lab.path("bomb.pcap.zst")) ?? []).count < 200_000)
            }
        }
    }
}
