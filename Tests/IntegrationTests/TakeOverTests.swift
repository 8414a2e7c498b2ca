import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// Mirrors that others made, as definitions and taken over.
    @Suite("Mirrors of others taken over") struct TakeOverTests {
        /// Frames with a number each, sent from host 1 to host 2 until told to stop.
        final class Traffic {
            private let program: BackgroundProgram

            /// - Throws: ``LabError`` unless the first hundred are on their way when it returns.
            init(_ lab: CommandLab) throws {
                let script = """
                    import signal, socket, struct, sys, time
                    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0))
                    end = []
                    signal.signal(signal.SIGTERM, lambda *_: end.append(1))
                    head = bytes.fromhex('020000000002' '020000000001' '88b6')
                    n = 0
                    while not end:
                        s.send(head + struct.pack('>I', n) + bytes(60)); n += 1
                        if n == 100: print('ready', file=sys.stderr, flush=True)
                        time.sleep(0.0002)
                    print(n)
                    """
                program = try lab.start(["python3", "-c", script], in: lab.host(1))
                try program.waitForError(containing: "ready")
            }

            /// How many were sent.
            func stop() throws -> Int {
                program.signal(15)
                guard program.wait(seconds: 10) != nil,
                    let count = Int(program.output.trimmingCharacters(in: .whitespacesAndNewlines))
                else { throw LabError("the traffic doesn't end: \(program.output) \(program.error)") }
                return count
            }
        }

        /// How often each number arrived.
        static func numbers(_ frames: [[UInt8]]) -> [UInt32: Int] {
            var counts: [UInt32: Int] = [:]
            for frame in frames where WireFrame.type(of: frame) == 0x88b6 && frame.count >= 18 {
                counts[frame[14..<18].reduce(0) { $0 << 8 | UInt32($1) }, default: 0] += 1
            }
            return counts
        }

        /// Taking over while frames go by: none may be without its copy.
        /// - Parameter isEgress: whether what arrives at host 2 is to be copied, rather than what host 1 sends. A port
        ///   that gets a clsact qdisc loses some of what it sends meanwhile (docs/workarounds.md).
        static func takeOver(
            _ lab: CommandLab, _ arguments: [String] = [], isEgress: Bool = false, status: Int32 = 0
        ) throws -> (output: ProgramOutcome, extra: Int) {
            let receiver = try lab.listen(in: lab.host(2), filter: "ether proto 0x88b6", buffer: 65536)
            let witness = try lab.listen(in: lab.host(3), filter: "ether proto 0x88b6", buffer: 65536)
            let traffic = try Traffic(lab)
            let outcome = try lab.portmirror(["import", "--take-over"] + arguments)
            #expect(outcome.status == status, "\(outcome)")
            let sent = try traffic.stop()
            let arrived = numbers(try receiver.finish(expecting: isEgress ? 0 : sent, sentinelThrough: "p2"))
            let expected = isEgress ? arrived.keys.sorted() : Array(0..<UInt32(sent))
            #expect(expected.count > 100)
            let seen = numbers(try witness.finish(expecting: expected.count, sentinelThrough: "p3"))
            let lost = expected.filter { seen[$0] == nil }
            #expect(lost == [], "of \(expected.count)")
            return (outcome, seen.values.reduce(0, +) - seen.count)
        }

        // MARK: Traffic control

        private static let byHand = """
            tc qdisc add dev p1 ingress
            tc filter add dev p1 parent ffff: protocol all u32 match u8 0 0 action mirred egress mirror dev p3
            """

        @Test("tc's mirror by hand is taken over in place: no copy lost, none made twice, its counters go on")
        func inPlace() throws {
            try withCommandLab { lab in
                try lab.sh(Self.byHand)
                try lab.ping(1, 2)
                let dry = try lab.portmirror(["import", "--take-over", "--dry-run"])
                #expect(
                    dry.output.contains("~ mark the filter at p1 ingress pref 49152 u32 as mirror to-p3"), "\(dry)")
                #expect(try lab.sh("tc filter show dev p1 ingress").output.contains("cookie") == false)
                let (outcome, extra) = try Self.takeOver(lab)
                #expect(outcome.output.contains("1 defined, 0 redefined, 0 forgotten"))
                #expect(extra == 0)
                let shown = try lab.show("to-p3")
                #expect(shown.state == "active" && shown.engine == "tc")
                // What was counted before it was ours, too.
                #expect(shown.counters.selected.packets > 110)
                #expect(try lab.mirror("apply").output == "nothing to change\n")
                let again = try lab.portmirror(["import", "--take-over"])
                #expect(again.succeeded && again.output == "nothing to change\n", "\(again)")
                try lab.mirror("remove", "to-p3")
                let left = try lab.sh("tc filter show dev p1 ingress; tc qdisc show dev p1").output
                #expect(left.contains("qdisc ingress") && !left.contains("mirred"))
                // The kernel frees a filter's actions a little later.
                let isSwept = Deadline.poll(seconds: 5) {
                    (try? lab.sh("tc actions list action mirred").output.contains("index")) == false ? true : nil
                }
                #expect(isSwept == true)
                // Their filter is gone, which is what removing their mirror means.
                try lab.rememberAnew()
            }
        }

        @Test("Both hooks with one preference, as tc gives it, are two filters and not four")
        func bothHooks() throws {
            try withCommandLab(hosts: 4) { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 clsact
                    tc filter add dev p1 ingress protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                    tc filter add dev p1 egress protocol all u32 match u8 0 0 action mirred egress mirror dev p4
                    """)
                let list = try lab.portmirror(["list", "--foreign"]).output
                #expect(list.split(separator: "\n").count == 3, "\(list)")
                let (outcome, extra) = try Self.takeOver(lab)
                #expect(extra == 0 && outcome.output.contains("2 defined"))
                #expect(try lab.show("to-p3").points.map(\.direction) == ["ingress"])
                #expect(try lab.show("to-p4").points.map(\.direction) == ["egress"])
                try lab.mirror("remove", "to-p3")
                #expect(try lab.show("to-p4").state == "active")
                let witness = try lab.listen(at: 4)
                try lab.ping(1, 2)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p4")) == (0, 10, 0))
                try lab.mirror("remove", "to-p4")
                let left = try lab.sh("tc filter show dev p1 ingress; tc filter show dev p1 egress").output
                #expect(!left.contains("u32"))
                try lab.rememberAnew()
            }
        }

        @Test("One that picks frames is replaced: ours beside it, then exactly it; neighbours at its preference stay")
        func replaced() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 clsact
                    tc filter add dev p1 ingress pref 10 protocol 0x88b6 u32 match u8 0 0 at 0 match u32 0 0 at 4 \
                    action mirred egress mirror dev p3 continue
                    tc filter add dev p1 ingress pref 10 protocol 0x88b6 u32 match u32 5 0xffffffff at 0 \
                    action mirred ingress mirror dev x1 continue
                    tc filter add dev p1 ingress pref 2000 protocol ip u32 match u32 0 0 at 4 match u32 0 0 \
                    action mirred egress redirect dev x1
                    """)
                let before = try lab.snapshot()
                let (outcome, _) = try Self.takeOver(lab, ["to-p3"], status: 3)
                #expect(outcome.error.contains("it redirects") && outcome.error.contains("has the output receive"))
                let removal = "- remove the filter at p1 ingress pref 10 u32, whose copies mirror to-p3 makes"
                #expect(outcome.output.contains(removal))
                let filters = try lab.sh("tc filter show dev p1 ingress").output
                #expect(filters.contains("match 00000005/ffffffff") && filters.contains("pref 2000"))
                #expect(filters.contains("cookie f7"))
                for title in ["p2 tc", "x1 tc", "p3 link"] {
                    #expect(before.sections[title] == (try lab.snapshot()).sections[title])
                }
                try lab.mirror("remove", "to-p3")
                try lab.rememberAnew()
            }
        }

        @Test(
            "What replaces a filter picks the same frames, tagged ones too",
            arguments: [
                "protocol ip u32 match ip dport 53 0xffff", "protocol all u32 match ip dport 53 0xffff",
                "protocol ip u32 match u32 0 0 at 0 match u32 0 0 at 4", "protocol all u32 match ip dst 10.0.0.2/31",
                "protocol all u32 match u32 2 0xffffffff at -12",
                "protocol arp u32 match u8 0 0 at 0 match u8 0 0 at 1",
            ])
        func sameFrames(match: String) throws {
            try withCommandLab { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 clsact
                    tc filter add dev p1 ingress \(match) action mirred egress mirror dev p3
                    """)
                let (to, from) = (CommandLab.mac(2), CommandLab.mac(1))
                var frames: [[UInt8]] = []
                for tags in [[], [(0x8100, 5)], [(0x8100, 0)], [(0x88a8, 7), (0x8100, 5)]] as [[(UInt16, UInt16)]] {
                    let tags = tags.map { (protocol: $0.0, id: $0.1) }
                    frames.append(WireFrame.udp(to: to, from: from, tags: tags, port: 53))
                    frames.append(WireFrame.udp(to: to, from: from, tags: tags, port: 54))
                    for type in [0x0806, 0x86dd] as [UInt16] {
                        frames.append(WireFrame.make(to: to, from: from, tags: tags, type: type))
                    }
                }
                func copies() throws -> [[UInt8]] {
                    let witness = try lab.listen(at: 3)
                    try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                    return try witness.finish(expecting: 1, sentinelThrough: "p3")
                }
                let before = try copies()
                #expect(!before.isEmpty)
                let outcome = try lab.portmirror(["import", "--take-over"])
                #expect(outcome.succeeded && outcome.output.contains("- remove the filter"), "\(outcome)")
                #expect(try copies() == before)
                try lab.mirror("remove", "to-p3")
                try lab.rememberAnew()
            }
        }

        @Test(
            "A filter that comes and goes all the time is taken over as it is then, or not at all; no action is left over"
        )
        func race() throws {
            try withCommandLab { lab in
                try lab.sh("tc qdisc add dev p1 clsact")
                let script = """
                    end=; trap end=1 TERM; n=0
                    while test -z "$end"; do
                        tc filter add dev p1 ingress pref 7 protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                        tc filter del dev p1 ingress pref 7
                        n=$((n + 1)); echo "round $n" >&2
                    done
                    """
                let other = try lab.start(["sh", "-c", script])
                try other.waitForError(containing: "round 1")
                var statuses: Set<Int32> = []
                for _ in 0..<25 {
                    let outcome = try lab.portmirror(["import", "--take-over"])
                    statuses.insert(outcome.status)
                    #expect([0, 1, 3].contains(outcome.status), "\(outcome)")
                    if outcome.status == 1 {
                        #expect(outcome.error.contains("nothing was changed"), "\(outcome)")
                        #expect(lab.files(in: lab.configDirectory) == [], "\(outcome)")
                    }
                    _ = try lab.portmirror(["remove", "--all"])
                }
                other.signalLeader(15)
                _ = other.wait(seconds: 10)
                #expect(statuses.contains(0))
                // The kernel frees a filter's actions a little later.
                let isSwept = Deadline.poll(seconds: 5) {
                    (try? lab.sh("tc actions list action mirred").output.contains("index")) == false ? true : nil
                }
                #expect(isSwept == true)
                // The other's filter comes and goes; that is the other's doing.
                try lab.rememberAnew()
            }
        }

        @Test("A filter of a classful qdisc is taken to the egress hook, and the qdisc stays as it is")
        func queue() throws {
            try withCommandLab { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p2 handle 1: root htb default 10
                    tc class add dev p2 parent 1: classid 1:10 htb rate 1gbit
                    tc filter add dev p2 parent 1: protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                    """)
                let list = try lab.portmirror(["list", "--foreign"]).output
                #expect(list.contains("p2 egress of qdisc 1: pref 49152 u32"))
                let (outcome, _) = try Self.takeOver(lab, isEgress: true)
                #expect(outcome.output.contains("+ copy p2 egress to p3"))
                let rest = try lab.sh("tc qdisc show dev p2; tc class show dev p2; tc filter show dev p2").output
                #expect(rest.contains("htb 1: root") && rest.contains("class htb 1:10") && !rest.contains("mirred"))
                try lab.mirror("remove", "to-p3")
                #expect(try !lab.sh("tc qdisc show dev p2").output.contains("clsact"))
                try lab.rememberAnew()
            }
        }

        @Test("A filter that keeps others from running is left alone, since they would begin to")
        func starving() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 clsact
                    tc filter add dev p1 ingress pref 1 protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                    tc filter add dev p1 ingress pref 2 protocol all u32 match u32 0 0 action mirred egress redirect dev x1
                    """)
                let outcome = try lab.portmirror(["import", "--take-over"])
                #expect(outcome.status == 3 && outcome.output == "nothing to change\n", "\(outcome)")
                #expect(outcome.error.contains("keeps frames from the one behind it"))
                let named = try lab.portmirror(["import", "--take-over", "to-p3"])
                #expect(named.status == 1 && named.error.contains("would begin to run"))
                // The end of the test compares everything of theirs.
            }
        }

        @Test("What is imported is a file that apply takes once theirs is gone, and copies the same")
        func file() throws {
            try withCommandLab { lab in
                try lab.sh(
                    Self.byHand + """

                        tc qdisc add dev p1 handle 1: root htb default 10
                        tc filter add dev p1 parent 1: protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                        """)
                let file = lab.path("theirs.yaml")
                let outcome = try lab.portmirror(["import", "-o", file])
                #expect(outcome.status == 0 && outcome.error.contains("have that qdisc removed"), "\(outcome)")
                // As people do it.
                try lab.sh("tc qdisc del dev p1 ingress; tc qdisc del dev p1 root")
                try lab.rememberAnew()
                try lab.mirror("apply", "-f", file)
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
            }
        }

        @Test("BPF programs, chains, drops and outputs that have gone are said, and stay")
        func unsaid() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 clsact
                    tc filter add dev p1 ingress pref 1 protocol all bpf bytecode '1,6 0 0 4294967295' \
                    action mirred egress mirror dev p3 continue
                    tc filter add dev p1 ingress pref 2 chain 7 protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                    tc filter add dev p1 ingress pref 3 protocol all u32 match u8 0 0 action mirred egress mirror dev p3 drop
                    tc filter add dev p1 egress pref 4 protocol all u32 match u8 0 0 action mirred egress mirror dev x1
                    ip link del x1
                    """)
                try lab.remember()
                let outcome = try lab.portmirror(["import"])
                #expect(outcome.status == 3)
                #expect(outcome.output.hasSuffix("version: 1\nmirrors: {}\n"), "\(outcome)")
                for reason in ["BPF program", "it ends with 'drop'", "an output of it has gone"] {
                    #expect(outcome.output.contains(reason), "\(outcome.output)")
                }
                #expect(try lab.portmirror(["import", "--take-over"]).status == 3)
            }
        }
    }

    /// Rule 10, for what is taken over.
    @Suite("Taking over, failing and being killed at every step", .needs(.tool("strace")))
    struct TakeOverKillTests {
        private static let takeOver = ["import", "--take-over"]

        /// One filter to be marked, one to be replaced, and one of somebody's at the same preference as the second.
        private static func prepare(_ lab: CommandLab) throws {
            try lab.sh(
                """
                tc qdisc del dev p1 clsact 2>/dev/null || true
                tc qdisc add dev p1 clsact
                tc filter add dev p1 ingress protocol all u32 match u8 0 0 action mirred egress mirror dev p3
                tc filter add dev p1 egress pref 9 protocol 0x88b6 u32 match u32 0 0xff at 0 \
                action mirred egress mirror dev p4 continue
                tc filter add dev p1 egress pref 9 protocol 0x88b6 u32 match u32 7 0xff at 0 action mirred ingress mirror dev x1 \
                continue
                """)
        }

        /// Whether each of the two is copied by one filter, whoever's it is.
        private static func check(_ lab: CommandLab, _ comment: Comment) throws {
            let filters = try lab.sh("tc filter show dev p1 ingress; tc filter show dev p1 egress").output
            for port in ["p3", "p4"] {
                #expect(filters.contains("Egress Mirror to device \(port)"), comment)
            }
            #expect(filters.contains("Ingress Mirror to device x1"), comment)
        }

        @Test("A kill leaves every copy, and the next run finishes", arguments: KillTests.calls)
        func killed(call: String) throws {
            try withCommandLab(hosts: 4, alone: ["x1"]) { lab in
                try Self.prepare(lab)
                let steps = try KillTests.count(lab, call, Self.takeOver, status: 3)
                for step in KillTests.numbers(call, steps) {
                    try lab.mirror("remove", "--all")
                    try Self.prepare(lab)
                    let killed = try lab.portmirror(
                        Self.takeOver, prefix: KillTests.inject(call, "signal=SIGKILL", at: step))
                    try #require(killed.status == 137, "\(call) \(step): \(killed)")
                    try Self.check(lab, "\(call) \(step)")
                    let again = try lab.portmirror(Self.takeOver)
                    #expect(again.status == 3, "\(call) \(step): \(again)")
                    try Self.check(lab, "\(call) \(step)")
                    #expect(try lab.list().map(\.state) == ["active", "active"], "\(call) \(step): \(killed) \(again)")
                    let theirs = try lab.mirror("list", "--foreign").output.split(separator: "\n")
                    // The heading, the one that can't be taken over, and why.
                    #expect(theirs.count == 3, "\(call) \(step): \(theirs)")
                }
                try lab.mirror("remove", "--all")
                try lab.rememberAnew()
            }
        }

        @Test("A failure leaves everything as it was", arguments: [("sendto", "ENOBUFS"), ("rename", "EIO")])
        func failed(call: String, error: String) throws {
            try withCommandLab(hosts: 4, alone: ["x1"]) { lab in
                try Self.prepare(lab)
                let before = try lab.snapshot()
                let steps = try KillTests.count(lab, call, Self.takeOver + ["--dry-run"], status: 3)
                // Those of looking alone, and some more; what is done for good isn't failed at here.
                for step in KillTests.numbers(call, steps + 12) {
                    let failed = try lab.portmirror(
                        Self.takeOver, prefix: KillTests.inject(call, "error=\(error)", at: step))
                    if failed.status == 3 {
                        // The call at which it was to fail came too late, or its failure changes nothing.
                        try lab.mirror("remove", "--all")
                        try Self.prepare(lab)
                        continue
                    }
                    #expect(failed.status == 1, "\(call) \(step): \(failed)")
                    let after = try lab.snapshot().withoutIndexes.withoutZeroCookies
                    #expect(
                        before.withoutIndexes.withoutZeroCookies.differences(to: after) == "",
                        "\(call) \(step): \(failed)")
                    #expect(lab.files(in: lab.configDirectory) == [], "\(call) \(step)")
                }
                try lab.mirror("remove", "--all")
                try lab.rememberAnew()
            }
        }
    }

    /// The same on Open vSwitch.
    @Suite("Mirrors of others on Open vSwitch taken over", .needs(.openVSwitch))
    struct SwitchTakeOverTests {
        /// As the guides have it.
        private static let byHand =
            "-- --id=@m create mirror name=mymirror -- add bridge br0 mirrors @m -- --id=@p1 get port p1 "
            + "-- set mirror mymirror select_src_port=@p1 select_dst_port=@p1 -- --id=@p3 get port p3 "
            + "-- set mirror mymirror output-port=@p3"

        @Test("ovs-vsctl's mirror is taken over while it runs: no copy lost, its row and counters stay")
        func inPlace() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl(Self.byHand)
                try openVSwitch.vsctl("set Mirror mymirror external_ids:owner=alice")
                let columns = "--columns=_uuid,name,select_all,select_src_port,select_dst_port,output_port,select_vlan"
                let row = try openVSwitch.vsctl("\(columns) list Mirror mymirror")
                let dry = try lab.portmirror(["import", "--take-over", "--dry-run"])
                #expect(dry.output.contains("~ mark somebody's mirror mymirror of br0 as mirror mymirror"), "\(dry)")
                #expect(try openVSwitch.vsctl("get Mirror mymirror external_ids") == "{owner=alice}\n")
                let (outcome, extra) = try TakeOverTests.takeOver(lab)
                #expect(extra == 0 && outcome.output.contains("1 defined"), "\(outcome)")
                #expect(try openVSwitch.vsctl("\(columns) list Mirror mymirror") == row)
                let marks = try openVSwitch.vsctl("get Mirror mymirror external_ids")
                #expect(marks.contains("portmirror=mymirror") && marks.contains("owner=alice"), "\(marks)")
                let shown = try lab.show("mymirror")
                #expect(shown.state == "active" && shown.engine == "ovs")
                // Once Open vSwitch has counted, which it does every five seconds, all is counted and nothing has failed.
                let counted = Deadline.poll(seconds: 20) { () -> ShownMirror? in
                    let shown = try? lab.show("mymirror")
                    return (shown?.counters.selected.packets ?? 0) > 100 ? shown : nil
                }
                #expect(counted?.counters.failed.packets == 0, "\(String(describing: counted?.counters))")
                #expect(try lab.mirror("apply").output == "nothing to change\n")
                #expect(try lab.portmirror(["import", "--take-over"]).output == "nothing to change\n")
                try lab.mirror("remove", "mymirror")
                #expect(try openVSwitch.vsctl("list Mirror") == "")
                try lab.rememberAnew()
            }
        }

        @Test("What is imported is a file that apply takes once theirs is gone, and makes the same row")
        func file() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl(Self.byHand)
                try openVSwitch.vsctl("set Mirror mymirror snaplen=77 select_vlan=0,7")
                let row = try OpenVSwitchMirrorTests.row("mymirror", openVSwitch)
                let outcome = try lab.portmirror(["import"])
                #expect(outcome.succeeded, "\(outcome)")
                // While theirs is there the output is taken, and apply says so.
                let early = try lab.portmirror(["apply", "-f", "-"], input: outcome.output)
                #expect(early.status == 1 && early.error.contains("p3 is the output of somebody's mirror mymirror"))
                try openVSwitch.vsctl("clear bridge br0 mirrors")
                try lab.rememberAnew()
                let applied = try lab.portmirror(["apply", "-f", "-"], input: outcome.output)
                #expect(applied.succeeded, "\(applied)")
                #expect(try OpenVSwitchMirrorTests.row("mymirror", openVSwitch) == row)
            }
        }

        @Test("OVN's rows, empty selections and names that collide: said, and none of them touched")
        func bad() throws {
            try withOpenVSwitchLab(hosts: 4) { lab, openVSwitch in
                try openVSwitch.vsctl(
                    "-- --id=@p get Port p3 -- --id=@q get Port p1 "
                        + "-- --id=@n create Mirror name=ovn external_ids:ovn-owned=true output_port=@p select_all=true "
                        + "-- --id=@e create Mirror name=empty output_vlan=77 "
                        + "-- --id=@a create Mirror name=twin output_vlan=78 select_src_port=@q "
                        + "-- --id=@b create Mirror name=twin output_vlan=79 select_dst_port=@q "
                        + "-- add Bridge br0 mirrors @n -- add Bridge br0 mirrors @e -- add Bridge br0 mirrors @a "
                        + "-- add Bridge br0 mirrors @b")
                try lab.remember()
                let listed = try lab.mirror("list", "--foreign").output
                for word in ["ovn", "empty", "twin", "vlan:78@br0"] { #expect(listed.contains(word), "\(listed)") }
                let ports = try lab.mirror("ports").output
                #expect(ports.contains("output of mirror ovn of OVN"), "\(ports)")
                let outcome = try lab.portmirror(["import"])
                #expect(outcome.status == 3)
                for text in ["it is OVN's", "mirror empty of bridge br0 is left out", "is called twin-2 here"] {
                    #expect(outcome.output.contains(text), "\(outcome.output)")
                }
                let unknown = try lab.portmirror(["import", "--take-over", "ovn"])
                #expect(unknown.status == 1 && unknown.error.contains("it is OVN's"), "\(unknown)")
                // The end of the test compares all rows.
            }
        }

        @Test("A row that changes all the time is taken over as it is then, or not at all")
        func race() throws {
            try withOpenVSwitchLab(hosts: 4) { lab, openVSwitch in
                try openVSwitch.vsctl(Self.byHand)
                let script = """
                    end=; trap end=1 TERM; n=0
                    while test -z "$end"; do
                        n=$((n + 1))
                        ovs-vsctl --no-wait --db=\(openVSwitch.database) set Mirror mymirror snaplen=$((100 + n)) || exit 1
                        echo "round $n" >&2
                    done
                    """
                let other = try openVSwitch.start(["sh", "-c", script])
                try other.waitForError(containing: "round 1")
                let outcome = try lab.portmirror(["import", "--take-over"])
                other.signalLeader(15)
                _ = other.wait(seconds: 10)
                let ids = try openVSwitch.vsctl("get Mirror mymirror external_ids")
                // Either it met the row between two changes, or it gave up and left everything as it was.
                #expect(outcome.succeeded == ids.contains("portmirror=mymirror"), "\(outcome) \(ids)")
                #expect(outcome.succeeded || outcome.error.contains("nothing was changed"))
                #expect(lab.files(in: lab.configDirectory).isEmpty == !outcome.succeeded)
                _ = try lab.portmirror(["remove", "--all"])
                try lab.rememberAnew()
            }
        }
    }
}
