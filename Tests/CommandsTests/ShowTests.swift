import ArgumentParser
import Diagnosis
import FoundationEssentials
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report
import Tap
import Testing
import TrafficControl

@testable import Commands

/// A mirror `ids` from vnet0 in both directions and br0 to vnet2, which has lost its carrier.
private func degraded(_ body: (inout Mirror) throws -> Void = { _ in }) throws -> MirrorStatus {
    var topology = Topology()
    topology.insert(Port(name: try PortName("br0"), index: 1, kind: .bridge(spanningTree: false)))
    topology.insert(Port(name: try PortName("vnet0"), index: 2, master: 1))
    topology.insert(Port(name: try PortName("vnet2"), index: 3, hasCarrier: false))
    var mirror = Mirror(
        name: try MirrorName("ids"),
        sources: [.port(try PortName("vnet0"), .both), .port(try PortName("tap9"), .ingress)],
        outputs: [.port(try PortName("vnet2"))])
    try body(&mirror)
    let points = [Hook.ingress, .egress].map { hook in
        ObservedPoint(
            mirror: mirror.name, port: ResolvedPort(name: mirror.sources[0].port, index: 2), hook: hook,
            match: .everything,
            targets: [
                ObservedPoint.Target(
                    index: hook == .ingress ? 3 : 0,
                    counters: Counters(selectedPackets: 10, selectedBytes: 1000, failedPackets: 4))
            ], handle: PointHandle(preference: 256, kind: "matchall", handle: 1))
    }
    let observed = Observation(
        engines: [.trafficControl, .tap],
        topology: topology, points: points, hooks: [2: HookState(kind: .clsact, isOurs: true)])
    let all = statuses(
        of: [DesiredMirror(mirror: mirror, match: .everything)], observed: observed,
        now: Timestamp(secondsSince1970: 0))
    return try #require(all.first)
}

@Suite struct JSONTests {
    @Test("Show's keys are those that scripts rely on") func showKeysThoseScripts() throws {
        let expected = """
            {
              "counters" : {
                "delivered" : {
                  "bytes" : 1200,
                  "packets" : 12
                },
                "failed" : {
                  "packets" : 8
                },
                "selected" : {
                  "bytes" : 2000,
                  "packets" : 20
                }
              },
              "engine" : "tc",
              "findings" : [
                {
                  "advice" : "make what is missing, or correct its name; portmirror apply completes the mirror then",
                  "code" : "port-missing",
                  "evidence" : {
                    "ports" : [
                      "tap9"
                    ]
                  },
                  "message" : "tap9 doesn't exist",
                  "mirror" : "ids"
                },
                {
                  "advice" : "see to the other end of its cable",
                  "code" : "no-carrier",
                  "evidence" : {
                    "output" : [
                      "vnet2"
                    ]
                  },
                  "message" : "output vnet2 has no carrier",
                  "mirror" : "ids"
                },
                {
                  "advice" : "portmirror apply repairs it",
                  "code" : "kernel-incomplete",
                  "evidence" : {

                  },
                  "message" : "the kernel doesn't hold all of it: portmirror apply repairs it",
                  "mirror" : "ids"
                }
              ],
              "from" : [
                {
                  "bridge" : false,
                  "direction" : "both",
                  "port" : "vnet0",
                  "state" : "up"
                },
                {
                  "bridge" : false,
                  "direction" : "ingress",
                  "port" : "tap9",
                  "state" : "missing"
                }
              ],
              "keep-offloads" : false,
              "name" : "ids",
              "notes" : [

              ],
              "points" : [
                {
                  "delivered" : {
                    "bytes" : 600,
                    "packets" : 6
                  },
                  "direction" : "ingress",
                  "failed" : {
                    "packets" : 4
                  },
                  "output" : "vnet2",
                  "port" : "vnet0",
                  "selected" : {
                    "bytes" : 1000,
                    "packets" : 10
                  }
                },
                {
                  "delivered" : {
                    "bytes" : 600,
                    "packets" : 6
                  },
                  "direction" : "egress",
                  "failed" : {
                    "packets" : 4
                  },
                  "port" : "vnet0",
                  "selected" : {
                    "bytes" : 1000,
                    "packets" : 10
                  }
                }
              ],
              "reason" : "tap9 doesn't exist; output vnet2 has no carrier; the kernel doesn't hold all of it: portmirror apply repairs it",
              "reserve" : false,
              "sample" : 1,
              "state" : "degraded",
              "to" : [
                {
                  "port" : "vnet2",
                  "state" : "no-carrier"
                }
              ]
            }

            """
        #expect(try jsonText(degraded()) == expected)
    }

    @Test("Numbers that may be more, and what the output's queue has dropped, are told as that") func minimum() throws {
        var status = try degraded()
        for place in status.points.indices { status.points[place].counters.failuresAreMinimum = true }
        status.outputs[0].queue = PortQueue(kind: "tbf", dropped: 31)
        let text = try jsonText(status)
        #expect(text.contains(#""minimum" : true"#) && text.contains(#""queue-dropped" : 31"#))
        let shown = Terminal.shown(status.text(now: Timestamp(secondsSince1970: 0)))
        for line in [
            "delivered: at most 12 packets", "failed: at least 8 packets",
            "queue: the tbf qdisc of vnet2 has dropped 31 packets",
        ] {
            #expect(shown.contains(line), "\(line) in \(shown)")
        }
    }

    @Test("What a mirror asks for is told if it asks for it") func mirrorAsksForTold() throws {
        let text = try jsonText(
            (degraded {
                $0.sources = [.bridge(try PortName("br0"))]
                $0.vlans = try VLANSet([10...10, 20...29])
                $0.filter = "net 10.0.0.0/8"
                $0.sample = 8
                $0.reserve = true
                $0.until = Timestamp(secondsSince1970: 1_800_000_000)
            }))
        for line in [
            #""vlans" : "10,20-29""#, #""filter" : "net 10.0.0.0/8""#, #""sample" : 8"#, #""reserve" : true"#,
            #""until" : "2027-01-15T08:00:00Z""#, #""bridge" : true"#, #""direction" : "ingress""#,
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    @Test("A mirror without definition has no wishes") func mirrorWithoutDefinitionNo() throws {
        var status = try degraded()
        status.mirror = nil
        (status.sources, status.outputs) = ([], [])
        let text = try jsonText(status)
        #expect(!text.contains("\"sample\""))
        #expect(text.contains("\"from\" : [\n\n  ]"))
    }

    @Test("What is written is read again as it was, but for what follows from the rest") func roundTrip() throws {
        var status = try degraded {
            $0.vlans = try VLANSet([10...10, 20...29])
            $0.filter = "net 10.0.0.0/8"
            $0.until = Timestamp(secondsSince1970: 1_800_000_000)
            $0.engine = .tc
            $0.outputs.append(.vlan(12, bridge: try PortName("ovsbr0")))
            $0.outputs.append(
                .files(
                    FileSettings(
                        directory: try DirectoryPath("/captures"), name: "%H", format: .pcap, compression: .zstd,
                        rotateSize: 1 << 20, rotateTime: .seconds(60), rotatePackets: 7, keepFiles: 3,
                        keepBytes: 1 << 30, keepAge: .seconds(3600), keepPercent: 80)))
        }
        status.outputs[0].queue = PortQueue(kind: "tbf", dropped: 31)
        status.countersAge = .seconds(5)
        status.notes = [Finding(.state(.expired(runs: true)), of: status.name)]
        status.points[1].counters.failuresAreMinimum = true
        status.points[0].counters.knowsFailures = false
        for mirror in [status.mirror, nil] {
            status.mirror = mirror
            let snapshot = StatusSnapshot(time: Timestamp(secondsSince1970: 1_900_000_000), mirrors: [status])
            let text = try jsonText(snapshot)
            let read = try JSONDecoder().decode(StatusSnapshot.self, from: Data(text.utf8))
            #expect(try jsonText(read) == text)
            #expect(read.mirrors[0].mirror == mirror && read.time == snapshot.time)
            #expect(read.mirrors[0].text(now: read.time) == status.text(now: read.time))
            let later = text.replacing("\"version\" : 1", with: "\"version\" : 2")
            #expect(throws: UserError.self) {
                try JSONDecoder().decode(StatusSnapshot.self, from: Data(later.utf8))
            }
        }
    }

    @Test("No mirrors are an empty array") func noMirrorsEmptyArray() throws {
        #expect(try jsonText([MirrorStatus]()) == "[\n\n]\n")
    }
}

@Suite struct ShowTests {
    /// What a reader without colour sees.
    private func shown(_ status: MirrorStatus, now: Int64 = 0) throws -> String {
        let text = status.text(now: Timestamp(secondsSince1970: now))
        let parts = Terminal.shown(text).split(separator: "\u{1b}[", omittingEmptySubsequences: false)
        return (parts.prefix(1) + parts.dropFirst().map { $0.drop { $0 != "m" }.dropFirst() }).joined()
    }

    @Test("One screen tells sources, outputs, state with reason, and counters of each point")
    func oneScreenTellsSources() throws {
        #expect(
            try shown(degraded()) == """
                mirror: ids
                  state: degraded (tap9 doesn't exist; output vnet2 has no carrier; the kernel doesn't hold all of it: portmirror apply repairs it)
                  engine: tc
                  from: vnet0 ingress and egress, up
                  from: tap9 ingress, missing
                  to: vnet2, no-carrier
                  selected: 20 packets, 2.0 kB
                  delivered: 12 packets, 1.2 kB
                  failed: 8 packets
                  points:
                    vnet0 ingress -> vnet2  10 selected  6 delivered  4 failed
                    vnet0 egress -> (gone)  10 selected  6 delivered  4 failed

                """)
    }

    @Test("Wishes are shown, and the time that is left") func wishesShownTimeLeft() throws {
        let status = try degraded {
            $0.sources = [.bridge(try PortName("br0"))]
            $0.vlans = try VLANSet([5...6])
            $0.filter = "tcp"
            $0.sample = 100
            $0.snaplen = 96
            $0.reserve = true
            $0.keepOffloads = true
            $0.until = Timestamp(secondsSince1970: 600)
        }
        let text = try shown(status, now: 48)
        for line in [
            "from: bridge br0, every frame that enters it, up", "vlans: 5-6", "filter: tcp", "sample: 1 in 100",
            "snaplen: 96 bytes", "outputs: reserved for copies", "offloads: left as they are",
            "time left: 9m 12s (until 1970-01-01T00:10:00Z)",
        ] {
            #expect(text.contains("  \(line)\n"), "\(line)")
        }
        #expect(try shown(status, now: 600).contains("  time left: none\n"))
    }
}
