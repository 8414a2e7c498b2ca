import ArgumentParser
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report
import Tap
import Testing
import TrafficControl

@testable import Commands

@Suite struct TapTests {
    private func mirror(_ arguments: String...) throws -> Mirror {
        try AddCommand.parse(["m"] + arguments).mirror(now: Timestamp(secondsSince1970: 0))
    }

    private func commands(_ arguments: String...) throws -> [String] {
        explainTap(try AddCommand.parse(["m"] + arguments).mirror(now: Timestamp(secondsSince1970: 0))).map(\.command)
    }

    @Test(
        "An unknown option of log and tap is named, with what was meant, and with what stands for other programs'",
        arguments: [
            (["--rotate-sise", "10M"], "unknown option '--rotate-sise'; did you mean '--rotate-size'?"),
            (["--rotate-sise=10M"], "unknown option '--rotate-sise'; did you mean '--rotate-size'?"),
            (["-G", "60", "-W", "1"], "unknown option '-G'; try --rotate-time"),
            (["-G60", "tcp"], "unknown option '-G'; try --rotate-time"),
            (["-C", "10", "-W", "2"], "unknown option '-C'; try --rotate-size"),
            (["--no-such-thing", "tcp"], "unknown option '--no-such-thing'"),
            (["--for", "2s", "--rotate-files", "3", "-s", "96", "--", "-G"], nil),
        ])
    func unknownOptionNamed(options: [String], words: String?) {
        for command in [["log", "-i", "eth0", "--dir", "d"], ["tap", "-i", "eth0", "-o", "eth1"]] {
            #expect(CommandWord.unknownOption(in: command + options) == words)
        }
    }

    @Test("The equal command has all that the mirror says") func explained() throws {
        #expect(
            try commands(
                "--from", "vnet0:ingress,vnet1", "--from-bridge", "br0", "--to", "eth0,eth1", "--vlan", "5,7",
                "--sample", "10", "--snaplen", "96", "--keep-offloads", "--filter", "tcp port 80 or udp") == [
                    "portmirror tap -i vnet0:ingress -i vnet1 --from-bridge br0 -o eth0 -o eth1 --vlan 5,7 --sample 10 "
                        + "--snaplen 96 --keep-offloads 'tcp port 80 or udp'"
                ])
        #expect(
            try commands(
                "--from", "vnet0", "--to", "files:/my 'captures", "--rotate-size", "100M", "--keep-files", "10",
                "--name",
                "%H") == [
                    "portmirror log -i vnet0 --dir '/my '\\''captures' --name %H --rotate-size 100M --keep-files 10"
                ])
        #expect(
            try commands("--from", "vnet0", "--to", "eth0,files:/a,files:/b", "--rotate-packets", "5") == [
                "portmirror tap -i vnet0 -o eth0", "portmirror log -i vnet0 --dir /a --rotate-packets 5",
                "portmirror log -i vnet0 --dir /b --rotate-packets 5",
            ])
        #expect(
            try commands("--from", "vnet0", "--to", "eth0,files:/a", "--spread", "--rotate-packets", "5") == [
                "portmirror tap -i vnet0 -o eth0 -o files:/a --spread --rotate-packets 5"
            ])
    }

    /// A mirror that a process copies for, to a port and to files.
    private func running() throws -> MirrorStatus {
        var topology = Topology()
        topology.insert(Port(name: try PortName("vnet0"), index: 2))
        topology.insert(Port(name: try PortName("vnet2"), index: 3))
        let mirror = try mirror(
            "--from", "vnet0:ingress", "--to", "vnet2,files:/captures", "--spread", "--rotate-size", "100M")
        let point = Point(try PortName("vnet0"), .ingress)
        let report = TapReport(
            process: 4711, since: Timestamp(secondsSince1970: 40), definition: mirror.fingerprint,
            sources: [TapReport.Watched(port: point.port, received: 25, lost: 5, superFrames: 1, segments: 3)],
            copies: [
                TapReport.Copies(
                    point: point, output: mirror.outputs[0], delivered: 9, deliveredBytes: 900,
                    failed: [.tooBig: 2, .noBuffer: 1], failedBytes: 100),
                TapReport.Copies(point: point, output: mirror.outputs[1], delivered: 10, deliveredBytes: 1000),
            ],
            files: [
                TapReport.Files(
                    directory: try DirectoryPath("/captures"), current: "a.pcapng", finished: 3, removed: 1, bytes: 5000
                )
            ], ways: [TapReport.Way(port: try PortName("vnet2"), queueReason: "a program listens at it")])
        let observed = Observation(engines: [.trafficControl, .tap], topology: topology, taps: [mirror.name: report])
        let all = statuses(
            of: [DesiredMirror(mirror: mirror, match: .everything)], observed: observed,
            now: Timestamp(secondsSince1970: 100))
        return try #require(all.first)
    }

    @Test("show tells what the process tells: reasons, losses before, files") func shown() throws {
        let text = try running().text(now: Timestamp(secondsSince1970: 100))
        let parts = Terminal.shown(text).split(separator: "\u{1b}[", omittingEmptySubsequences: false)
        let plain = (parts.prefix(1) + parts.dropFirst().map { $0.drop { $0 != "m" }.dropFirst() }).joined()
        #expect(
            plain == """
                mirror: m
                  state: active
                  engine: tap (the tap engine has it, since the tc engine can't write files or spread copies over its outputs (--spread); it copies while 'portmirror run m' runs)
                  from: vnet0 ingress, up
                  to: vnet2, up; through the queue: a program listens at it
                  to: files:/captures, rotate-size 100M
                  spread: each copy to one output, by its flow
                  process: 4711, for 1m 0s
                  selected: 22 packets, 2.0 kB
                  delivered: 19 packets, 1.9 kB
                  failed: 3 packets (2 too big, 1 no buffer)
                  lost: 5 packets before they were seen (counted nowhere above)
                  files: /captures: 3 finished, 1 of them removed, 5.0 kB written, now a.pcapng
                  points:
                    vnet0 ingress -> vnet2            12 selected  9 delivered   3 failed (2 too big, 1 no buffer)
                    vnet0 ingress -> files:/captures  10 selected  10 delivered  0 failed

                """)
    }

    @Test("JSON has the same, exact") func json() throws {
        let text = try jsonText(running())
        for part in [
            #""process" : {"#, #""id" : 4711"#, #""since" : "1970-01-01T00:00:40Z""#, #""super-frames" : 1"#,
            #""received" : 25"#, #""current" : "a.pcapng""#, #""finished" : 3"#, #""removed" : 1"#, #""spread" : true"#,
            #""too-big" : 2"#, #""no-buffer" : 1"#, #""files" : "/captures""#, #""rotate-size" : 104857600"#,
            #""output" : "files:/captures""#, #""bytes" : 1900"#, #""way" : "queue""#,
            #""way-reason" : "a program listens at it""#,
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }
}
