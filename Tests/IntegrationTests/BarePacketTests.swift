import CaptureFile
import Foundation
import Glibc
import Testing
import TestSupport

extension IntegrationTests {
    /// Interfaces without Ethernet headers, and all interfaces at once: files hold them as tcpdump's do.
    @Suite("Layer-3 interfaces and 'any'", .needs(.tool("tcpdump")), .needs(.tool("tshark")))
    struct BarePacketTests {
        /// A lab with a tun device at which 10.99.0.2 would be, and which nobody reads.
        private static func withTunnel(_ body: (CommandLab, VirtualMachinePort) throws -> Void) throws {
            try withCommandLab(hosts: 2, alone: ["m1", "m2"]) { lab in
                let tunnel = try lab.addVirtualMachine("tun9", isBare: true)
                try lab.sh("ip addr add 10.99.0.1/24 dev tun9; ip link set tun9 up")
                try lab.remember()
                try body(lab, tunnel)
            }
        }

        /// tcpdump of an interface, once it listens.
        private static func tcpdump(_ lab: CommandLab, _ interface: String, _ filter: String) throws -> (
            BackgroundProgram, String
        ) {
            let file = lab.path("tcpdump-\(interface).pcap")
            let program = try lab.start(
                ["tcpdump", "-i", interface, "--immediate-mode", "-U", "-n", "-w", file]
                    + filter.split(separator: " ").map(String.init))
            guard Deadline.poll(seconds: 20, { program.error.contains("listening on") ? true : nil }) == true else {
                throw LabError("tcpdump doesn't listen: \(program.error)")
            }
            return (program, file)
        }

        /// What tcpdump has written, once it is so much.
        private static func frames(_ file: String, _ count: Int) -> [[UInt8]] {
            func read() -> [[UInt8]] { (try? LoggedFile(file, isWhole: false).packets.map(\.capturedBytes)) ?? [] }
            _ = Deadline.poll(seconds: 20) { read().count >= count ? true : nil }
            return read()
        }

        private static func sorted(_ frames: [[UInt8]]) -> [[UInt8]] {
            frames.sorted { $0.lexicographicallyPrecedes($1) }
        }

        @Test(
            "A tun device's packets are in the file as they are, and super-frames as what they stand for",
            arguments: ["pcapng", "pcap"])
        func tunnel(format: String) throws {
            try Self.withTunnel { lab, tunnel in
                let directory = lab.path("d")
                let log = try CopyingProgram(
                    lab, ["log", "--json", "-i", "tun9", "--dir", directory, "--format", format, "--", "not", "icmp6"])
                let (tcpdump, witness) = try Self.tcpdump(lab, "tun9", "icmp or udp")
                _ = try? lab.sh(
                    "ping -c 3 -i 0.2 -W 1 10.99.0.2 || true; echo x >/dev/udp/10.99.0.2/9 2>/dev/null || true")
                for isIPv6 in [false, true] {
                    try tunnel.send(tcp: TCPFrame(0..<3000, isIPv6: isIPv6), segmentSize: 1400)
                    try tunnel.send(tcp: TCPFrame(0..<1000, isIPv6: isIPv6), segmentSize: 1400)
                }
                let seen = Self.frames(witness, 3)
                let numbers = try log.wait(until: "all received") {
                    $0.received >= seen.count + 4 && $0.copied >= seen.count + 8
                }
                #expect((numbers.sources[0].superFrames, numbers.sources[0].segments) == (2, 6))
                _ = try log.finish()
                tcpdump.signal(SIGTERM)
                _ = tcpdump.wait(seconds: 10)
                let file = try #require(try LoggedFile.all(in: directory).first)
                #expect(file.packets.allSatisfy { $0.linkType == .rawIP })
                // Protocol 6 at its places in IPv4 and IPv6.
                let others: [[UInt8]] = file.packets.map(\.capturedBytes).filter { packet in
                    let number: UInt8 = packet[0] >> 4 == 4 ? packet[9] : packet[6]
                    return number != 6
                }
                #expect(Self.sorted(others) == Self.sorted(seen))
                #expect(seen.count >= 3)
                #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count))
                let verdict = try lab.checksums(file.path)
                #expect(verdict.bad == 0 && verdict.good >= 8)
                #expect(try lab.sh("capinfos -E \(file.path)").output.contains("Raw IP"))
                #expect(file.packets.allSatisfy { Int($0.originalLength) == $0.capturedBytes.count })
            }
        }

        @Test("'any' has what 'tcpdump -i any' has, byte for byte", arguments: ["log", "daemonlogger"])
        func any(command: String) throws {
            try Self.withTunnel { lab, tunnel in
                let directory = lab.path("d")
                let arguments =
                    command == "log"
                    ? ["log", "-i", "any", "--dir", directory, "--json"]
                    : ["daemonlogger", "-i", "any", "-l", directory]
                let filter = "icmp and not host 10.0.0.9"
                // An interface of that name is one of all.
                try lab.sh("mkdir -p \(directory); ip link add any type veth peer name yna; ip link set any up")
                defer { _ = try? lab.sh("ip link delete any") }
                let log = try CopyingProgram(lab, arguments + ["--"] + filter.split(separator: " ").map(String.init))
                let (tcpdump, witness) = try Self.tcpdump(lab, "any", filter)
                try lab.ping(1, 2, count: 4)
                _ = try? lab.sh("ping -c 2 -i 0.2 -W 1 127.0.0.1; ping -c 2 -i 0.2 -W 1 10.99.0.2 || true")
                // Through two ports of the bridge each, in and out; once through the loopback; out of the tunnel.
                let count = 16 + 4 + 2
                let seen = Self.frames(witness, count)
                if command == "log" {
                    try log.wait(received: seen.count)
                } else {
                    try log.wait(copied: seen.count)
                }
                try log.end(by: SIGTERM)
                #expect(!log.program.error.contains("any carries"), "\(log.program.error)")
                tcpdump.signal(SIGTERM)
                _ = tcpdump.wait(seconds: 10)
                let file = try #require(try LoggedFile.all(in: directory).first)
                #expect(file.packets.allSatisfy { $0.linkType == .linuxCooked2 })
                #expect(Self.sorted(file.packets.map(\.capturedBytes)) == Self.sorted(seen))
                #expect(seen.count == count)
                // All of the three interfaces' numbers are in there.
                #expect(Set(seen.map { Array($0[4..<8]) }).count == 4)
                #expect(try WitnessedCount(file.path) == WitnessedCount(all: seen.count))
                guard command == "log" else { return }
                let description = try lab.sh("capinfos -I \(file.path)").output
                #expect(description.contains("all interfaces: 1 lo"), "\(description)")
                let directions = file.packets.map(\.direction)
                #expect(directions.count { $0 == .outbound } == seen.count { $0[10] == 4 })
            }
        }

        @Test("Among all interfaces, too, tags are put back and super-frames become what they stand for")
        func finished() throws {
            try Self.withTunnel { lab, tunnel in
                let directory = lab.path("d")
                let machine = try lab.addVirtualMachine("vm1")
                try lab.sh("ip link set vm1 up")
                try lab.rememberAnew()
                let log = try CopyingProgram(
                    lab, ["log", "-i", "any:ingress", "--dir", directory, "--json", "--", "tcp"])
                try machine.send(tcp: TCPFrame(0..<3000), segmentSize: 1400)
                try machine.send(tcp: TCPFrame(0..<3000, tags: [(0x8100, 7)]), segmentSize: 1400)
                try tunnel.send(tcp: TCPFrame(0..<3000), segmentSize: 1400)
                try tunnel.send(tcp: TCPFrame(0..<100), segmentSize: 1400)
                let numbers = try log.wait(until: "copied") { $0.copied >= 10 }
                #expect(numbers.copied == 10)
                _ = try log.finish()
                let file = try #require(try LoggedFile.all(in: directory).first)
                let verdict = try lab.checksums(file.path)
                #expect((verdict.bad, verdict.good) == (0, 10))
                let tagged = try lab.sh("tshark -n -r \(file.path) -Y 'vlan.id == 7' -T fields -e tcp.len").output
                #expect(tagged.split(separator: "\n") == ["1400", "1400", "200"])
            }
        }

        @Test("Among all interfaces, too, frames that are sent with their tags in their bytes keep these")
        func sentTags() throws {
            try Self.withTunnel { lab, _ in
                let directory = lab.path("d")
                let log = try CopyingProgram(lab, ["log", "-i", "any:egress", "--dir", directory, "--json"])
                let tags: [[(protocol: UInt16, id: UInt16)]] = [[(0x8100, 10)], [(0x88a8, 11), (0x8100, 12)]]
                let frames = tags.map { TCPFrame(0..<100, tags: $0, finished: true) }
                try FrameSender.send(frames.map(\.bytes), through: "m1", in: lab.sw)
                try log.wait(received: 2)
                _ = try log.finish()
                let file = try #require(try LoggedFile.all(in: directory).first)
                let sent = file.packets.map(\.capturedBytes).filter { [0x81, 0x88].contains($0[0]) }
                // Behind the header what is behind the link header, of which the type is in the header.
                #expect(sent.map { Array($0.dropFirst(20)) } == frames.map { Array($0.bytes.dropFirst(14)) })
                #expect(sent.map { Array($0.prefix(2)) } == [[0x81, 0], [0x88, 0xa8]])
                let lengths = try lab.sh(
                    "tshark -n -r \(file.path) -Y 'vlan.id == 10 or vlan.id == 12' -T fields -e tcp.len")
                #expect(lengths.output.split(separator: "\n") == ["100", "100"])
            }
        }

        @Test(
            "A filter for all interfaces sees frames that are sent with a tag in their bytes as one for a single interface does",
            arguments: ["any:egress", "m1:egress"])
        func sentTagsFiltered(source: String) throws {
            try Self.withTunnel { lab, _ in
                let directory = lab.path("d")
                let tags: [[(protocol: UInt16, id: UInt16)]] = [
                    [], [(0x8100, 10)], [(0x88a8, 10)], [(0x88a8, 11), (0x8100, 12)],
                ]
                let frames = [false, true].flatMap { isIPv6 in
                    tags.map { TCPFrame(0..<100, tags: $0, isIPv6: isIPv6, finished: true).bytes }
                }
                for (filter, count) in [("ip and tcp", 3), ("ip6 and tcp", 3), ("udp", 0), ("ip[9] = 6", 3)] {
                    try? FileManager.default.removeItem(atPath: directory)
                    let log = try CopyingProgram(
                        lab, ["log", "-i", source, "--dir", directory, "--json", "--", filter])
                    try FrameSender.send(frames, through: "m1", in: lab.sw)
                    // What comes after is seen after.
                    try log.wait(until: "seen") { $0.copied >= count }
                    #expect(try log.finish().copied == count, "\(filter)")
                }
            }
        }

        @Test("What can't be is refused, with the reason")
        func refusals() throws {
            try Self.withTunnel { lab, _ in
                func refuse(_ arguments: String..., says words: String, status: Int32 = 1) throws {
                    let outcome = try lab.portmirror(arguments)
                    #expect(outcome.status == status && outcome.error.contains(words), "\(outcome)")
                }
                let directory = lab.path("r")
                try refuse("tap", "-i", "tun9", "-o", "m1", says: "tun9 carries bare packets without Ethernet headers")
                try refuse("tap", "-i", "any", "-o", "m1", says: "no port can send", status: 64)
                try refuse("log", "-i", "any", "-i", "m1", "--dir", directory, says: "name it alone", status: 64)
                try refuse("add", "x", "--from", "any", "--to", "m1", says: "'any' is no port")
                try refuse("add", "x", "--from", "any", "--to", "files:\(directory)", says: "portmirror log -i any")
                try refuse(
                    "log", "-i", "tun9", "-i", "m1", "--format", "pcap", "--dir", directory,
                    says: "a pcap file holds packets of one kind")
                try refuse(
                    "log", "-i", "tun9", "--vlan", "5", "--dir", directory, says: "VLANs can be chosen at Ethernet",
                    status: 64)
                try refuse(
                    "log", "-i", "any", "--dir", directory, "--", "ether[0] = 1", says: "link header", status: 64)
                let mixed = try CopyingProgram(lab, ["log", "-i", "tun9", "-i", "m1", "--dir", directory, "--json"])
                try lab.send(0..<3)
                _ = try? lab.sh("ping -c 1 -W 1 10.99.0.2 || true")
                try mixed.wait(received: 4)
                _ = try mixed.finish()
                let kinds = try #require(try LoggedFile.all(in: directory).last).interfaces.map(\.linkType)
                #expect(kinds == [.rawIP, .ethernet])
            }
        }

        @Test("A mirror of a tun device to files is defined, run and shown like any other")
        func defined() throws {
            try Self.withTunnel { lab, _ in
                try lab.mirror("add", "t", "--from", "tun9", "--to", "files:\(lab.path("d"))")
                let run = try CopyingProgram(lab, ["run", "t", "--json"])
                _ = try? lab.sh("ping -c 2 -i 0.2 -W 1 10.99.0.2 || true")
                try run.wait(received: 2)
                #expect(try lab.portmirror(["show", "t"]).output.contains("state: active"))
                try lab.mirror("remove", "t")
                try run.end()
            }
        }
    }
}
