import Foundation
import Glibc
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// Rule 8 and the table of devices, with the devices that this kernel has.
    @Suite("Devices as sources and outputs")
    struct DeviceTests {
        private static func refusal(_ lab: CommandLab, _ arguments: String...) throws -> String {
            let outcome = try lab.portmirror(["add", "m"] + arguments)
            #expect(outcome.status == 1, "\(outcome)")
            return outcome.error
        }

        private static let modes = ["bridge", "private", "vepa", "passthru"]

        @Test("A macvtap's ingress is what its VM sends, in each mode", arguments: modes)
        func macvtapAsSource(mode: String) throws {
            try withCommandLab { lab in
                let tap = try MacvtapPort("mt0", over: lab.macvtapParent(), mode: mode, in: lab)
                for (direction, sent, received) in [("ingress", 3, 0), ("egress", 0, 5), ("both", 3, 5)] {
                    try lab.mirror("add", "m", "--from", "mt0:\(direction)", "--to", "p3")
                    let witness = try lab.listen(at: 3)
                    for _ in 0..<3 {
                        try tap.send(WireFrame.make(to: CommandLab.mac(9), from: CommandLab.mac(8), payload: [1]))
                    }
                    try FrameSender.send(
                        (0..<5).map { _ in WireFrame.make(to: MacvtapPort.mac, from: CommandLab.mac(9), payload: [2]) },
                        through: "lan0", in: lab.sw)
                    let frames = try witness.finish(expecting: sent + received, sentinelThrough: "p3")
                    #expect(frames.filter { $0[14] == 1 }.count == sent, "\(mode) \(direction)")
                    #expect(frames.filter { $0[14] == 2 }.count == received, "\(mode) \(direction)")
                    let points = try lab.portmirror(["show", "m"]).output
                    #expect(points.contains("mt0 ingress ->") == (direction != "egress"))
                    try lab.mirror("remove", "m")
                }
            }
        }

        @Test("Copies to a macvtap or macvlan would leave for the LAN: refused in each mode, by tc and by a tap")
        func sharedAsOutput() throws {
            try withCommandLab { lab in
                for kind in ["macvtap", "macvlan"] {
                    for mode in Self.modes + ["source"] {
                        let parent = try lab.macvtapParent()
                        try lab.sh("ip link add link \(parent) name mv0 type \(kind) mode \(mode); ip link set mv0 up")
                        let error = try Self.refusal(lab, "--from", "p1", "--to", "mv0")
                        #expect(error.contains("mv0 can't be an output, since it is a \(kind): copies leave by"))
                        let tap = try lab.portmirror(["tap", "-i", "p1", "-o", "mv0"])
                        #expect(tap.status == 1 && tap.error.contains("since it is a \(kind)"))
                        try lab.sh("ip link del \(parent)")
                    }
                }
                #expect(lab.files(in: lab.configDirectory) == [])
                try lab.rememberAnew()
            }
        }

        @Test("The source's own bridge as output is refused, by tc and by a tap, and so is a cable back into it")
        func ownBridge() throws {
            try withCommandLab { lab in
                try lab.sh(
                    "ip link add out0 type veth peer name in0; ip link set in0 master br0; ip link set out0 up; ip link set in0 up"
                )
                for output in ["br0", "out0"] {
                    let error = try Self.refusal(lab, "--from", "p1:ingress", "--to", output)
                    #expect(
                        error.contains("copies sent to \(output) reach those that the originals are for: \(output) -> ")
                    )
                    let tap = try lab.portmirror(["tap", "-i", "p1:ingress", "-o", output])
                    #expect(tap.status == 1 && tap.error.contains("reach those that the originals are for"))
                }
                try lab.sh("ip link del out0")
                try lab.rememberAnew()
            }
        }

        @Test("A VXLAN device is an output once it has one far end, as a remote address or for every frame")
        func tunnelTarget() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh(
                    "ip addr add 192.0.2.1/24 dev m1; ip link add vx0 type vxlan id 7 dstport 4789; ip link set vx0 up")
                #expect(try Self.refusal(lab, "--from", "p1", "--to", "vx0").contains("no far end of its own"))
                try lab.sh("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.2")
                try lab.mirror("add", "m", "--from", "p1", "--to", "vx0")
                try lab.mirror("remove", "m")
                try lab.sh(
                    "ip link del vx0; ip link add vx0 type vxlan id 7 dstport 4789 group 239.1.1.1 dev m1; ip link set vx0 up"
                )
                #expect(try Self.refusal(lab, "--from", "p1", "--to", "vx0").contains("a multicast group"))
                try lab.sh(
                    "ip link del vx0; ip link add vx0 type vxlan id 7 dstport 4789 remote 192.0.2.2; ip link set vx0 up"
                )
                try lab.mirror("add", "m", "--from", "p1", "--to", "vx0")
                // Its table is looked at before its remote end.
                try lab.sh(
                    "bridge fdb append 02:00:00:00:00:bb dev vx0 dst 192.0.2.2; "
                        + "bridge fdb append 02:00:00:00:00:aa dev vx0 dst 192.0.2.3; "
                        + "bridge fdb append 02:00:00:00:00:ab dev vx0 dst 192.0.2.3")
                let warned = try lab.mirror("plan").error
                #expect(
                    warned.contains(
                        "vx0 sends what is for 02:00:00:00:00:aa to 192.0.2.3 alone, by an entry of its forwarding table "
                            + "(and 1 more): those copies don't reach the sensor at 192.0.2.2"), "\(warned)")
                try lab.sh("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.3")
                let both = try lab.mirror("plan").error
                #expect(both.contains("vx0 sends each copy to all of 192.0.2.2, 192.0.2.3"), "\(both)")
                #expect(!both.contains("alone"), "\(both)")
                try lab.mirror("remove", "m")
                try lab.sh("ip link del vx0; ip addr flush dev m1")
                try lab.rememberAnew()
            }
        }

        @Test("An XDP program in front of a mirror is named, in add and in ports")
        func programInFront() throws {
            try withCommandLab { lab in
                let source = lab.path("drop.c")
                try """
                __attribute__((section("xdp"), used)) int drop(void *c) { return 1; }
                char _license[] __attribute__((section("license"), used)) = "GPL";
                """.write(toFile: source, atomically: true, encoding: .utf8)
                try lab.sh(
                    "clang -O2 -target bpf -c \(source) -o \(lab.path("drop.o")) && "
                        + "ip link set dev p1 xdpgeneric obj \(lab.path("drop.o")) sec xdp")
                let added = try lab.portmirror(["add", "m", "--from", "p1:ingress", "--to", "p3"])
                #expect(added.status == 0)
                #expect((added.output + added.error).contains("p1 has an XDP program (number "))
                #expect(try lab.portmirror(["ports"]).output.contains("XDP program "))
                try lab.mirror("remove", "m")
                try lab.sh("ip link set dev p1 xdpgeneric off")
                try lab.rememberAnew()
            }
        }

        @Test("What a person did to the filters is said as it is") func filtersGone() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "m", "--from", "p1", "--to", "p3")
                try lab.sh("tc qdisc del dev p1 clsact")
                #expect(
                    try lab.portmirror(["show", "m"]).output.contains("state: degraded (the kernel holds none of it"))
                try lab.mirror("apply")
                #expect(try lab.show("m").state == "active")
                try lab.mirror("remove", "m")
            }
        }

        @Test("explain tells all that a mirror needs, though another one shares the output") func explainShared() throws
        {
            try withCommandLab { lab in
                try lab.mirror("add", "one", "--from", "p1:ingress", "--to", "p3", "--reserve-output")
                let alone = try lab.portmirror(["explain", "one"]).output
                #expect(alone.contains("bridge link set dev p3"))
                try lab.mirror("add", "two", "--from", "p2:ingress", "--to", "p3")
                #expect(try lab.portmirror(["explain", "one"]).output == alone)
                try lab.mirror("remove", "--all")
            }
        }
    }

    @Suite("Devices of Open vSwitch", .needs(.openVSwitch))
    struct OpenVSwitchDeviceTests {
        @Test("A port whose interface doesn't exist isn't up, and Open vSwitch's own words are shown")
        func portInError() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl("add-port br0 nosuch")
                try lab.mirror("add", "m", "--from", "p1", "--from", "nosuch", "--to", "p3", "--reserve-output")
                let shown = try lab.portmirror(["show", "m"]).output
                #expect(
                    shown.contains(
                        "state: degraded (Open vSwitch can't use nosuch: could not open network device nosuch"))
                #expect(shown.contains("nosuch ingress and egress, error"))
                let ports = try lab.mirror("ports").output
                let row = try #require(ports.split(separator: "\n").first { $0.contains("nosuch") })
                #expect(
                    row.split(separator: " ").prefix(4) == ["nosuch", "openvswitch", "error", "-"]
                        && row.contains("Open vSwitch can't use it: could not open network device nosuch"), "\(ports)")
                try lab.mirror("remove", "m")
                try lab.mirror("add", "m", "--from", "nosuch", "--to", "p3", "--reserve-output")
                #expect(try lab.show("m").state == "waiting")
                try lab.mirror("remove", "m")
                try openVSwitch.vsctl("del-port br0 nosuch")
                try lab.rememberAnew()
            }
        }

        @Test("An internal port isn't an output of tc or of a tap: what is sent there enters the switch")
        func internalPort() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl("add-port br0 mir0 -- set Interface mir0 type=internal")
                try lab.sh("ip link set mir0 up")
                for arguments in [
                    ["add", "m", "--from", "p1", "--to", "mir0", "--engine", "tc"], ["tap", "-i", "p1", "-o", "mir0"],
                ] {
                    let outcome = try lab.portmirror(arguments)
                    #expect(outcome.status == 1)
                    #expect(
                        outcome.error.contains(
                            "mir0 is an internal port of br0: what is sent through it enters the switch"))
                }
                try openVSwitch.vsctl("del-port br0 mir0")
                try lab.rememberAnew()
            }
        }

        @Test("A tunnel as output has its underlay counted: for its room, and for loops") func tunnel() throws {
            try withOpenVSwitchLab(alone: ["m1"]) { lab, openVSwitch in
                try lab.sh("ip addr add 192.0.2.1/24 dev m1; ip addr add 198.51.100.1/24 dev br0; ip link set br0 up")
                try openVSwitch.vsctl("add-port br0 vx0 -- set Interface vx0 type=vxlan options:remote_ip=192.0.2.2")
                let added = try lab.portmirror(["add", "m", "--from", "p1", "--to", "vx0", "--reserve-output"])
                #expect(added.status == 0)
                #expect(
                    (added.output + added.error).contains(
                        "vx0 is a tunnel over m1, whose MTU of 1500 leaves 1450 bytes"))
                try lab.mirror("remove", "m")
                try openVSwitch.vsctl("set Interface vx0 options:remote_ip=198.51.100.2")
                let refused = try lab.portmirror(["add", "m", "--from-bridge", "br0", "--to", "vx0"])
                #expect(refused.status == 1 && refused.error.contains("br0 -> vx0 -> br0"))
                try openVSwitch.vsctl("del-port br0 vx0")
                try lab.sh("ip addr flush dev m1; ip addr flush dev br0")
                try lab.rememberAnew()
            }
        }

        @Test("What is wrong with somebody else's mirror is told") func foreignMirrors() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl(
                    "add-br br9 -- set bridge br9 datapath_type=netdev -- --id=@m create Mirror name=lost select_all=true "
                        + "-- add Bridge br0 mirrors @m -- --id=@p get Port p3 -- --id=@n create Mirror name=wrong "
                        + "select_all=true output_port=@p -- add Bridge br9 mirrors @n")
                let listed = try lab.portmirror(["list", "--foreign"]).output
                #expect(listed.contains("mirror lost of bridge br0: no output is set"))
                #expect(
                    listed.contains("mirror wrong of bridge br9: its output p3 is a port of br0, and the mirror of br9")
                )
                try openVSwitch.vsctl("clear Bridge br0 mirrors -- del-br br9")
                try lab.rememberAnew()
            }
        }
    }
}

extension CommandLab {
    /// A cable in the switch's namespace, for devices that share it. It goes with them.
    fileprivate func macvtapParent() throws -> String {
        try sh("ip link add up0 type veth peer name lan0; ip link set up0 up; ip link set lan0 up")
        return "up0"
    }
}

/// A VM's port as libvirt's "direct" makes it.
private final class MacvtapPort {
    static let mac: [UInt8] = [2, 0, 0, 0, 0, 0xaa]
    private let descriptor: Descriptor

    init(_ name: String, over parent: String, mode: String, in lab: CommandLab) throws {
        let address = Self.mac.map { String(format: "%02x", $0) }.joined(separator: ":")
        let script =
            "ip link add link \(parent) name \(name) address \(address) type macvtap mode \(mode); "
            + "ip link set \(name) up promisc on; cat /sys/class/net/\(name)/tap*/dev"
        let outcome = try lab.run(["ip", "netns", "exec", lab.sw, "sh", "-ec", script])
        let numbers = outcome.output.split(whereSeparator: { !$0.isNumber }).compactMap { UInt32($0) }
        guard outcome.succeeded, numbers.count == 2 else { throw LabError("\(outcome)") }
        let path = "\(NSTemporaryDirectory())/macvtap-\(getpid())-\(numbers[1])"
        // gnu_dev_makedev(3)
        let (major, minor) = (dev_t(numbers[0]), dev_t(numbers[1]))
        let device = (major & 0xfff) << 8 | (minor & 0xff) | (minor & 0xfff00) << 12
        guard mknod(path, S_IFCHR | 0o600, dev_t(device)) == 0 else { throw LabError("mknod \(path)") }
        defer { unlink(path) }
        let number = open(path, O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw LabError("can't open \(path)") }
        // struct ifreq of linux/if.h: IFF_TAP, IFF_NO_PI; TUNSETIFF.
        var request = [UInt8](repeating: 0, count: 40)
        request.withUnsafeMutableBytes { $0.storeBytes(of: 0x1002, toByteOffset: 16, as: UInt16.self) }
        guard ioctl(number, 0x4004_54ca, &request) == 0 else { throw LabError("TUNSETIFF on \(path)") }
        descriptor = Descriptor(owning: number)
    }

    func send(_ frame: [UInt8]) throws {
        let sent = frame.withUnsafeBytes { write(descriptor.number, $0.baseAddress, frame.count) }
        guard sent == frame.count else { throw LabError("the macvtap took \(sent) of \(frame.count) bytes") }
    }
}
