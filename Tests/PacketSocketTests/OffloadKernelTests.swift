import CLinux
import EthtoolNetlink
import Glibc
import LinuxSystem
import Netlink
import PacketSocket
import RandomNumbers
import RouteNetlink
import TestSupport
import Testing

extension PacketSocketTests {
    /// The kernel cuts the same super-frames in software, for an interface whose offloads are off: the witness.
    @Suite("The kernel as witness")
    struct OffloadKernelTests {
        @Test("Segments are the kernel's, byte by byte, IP ids included")
        func segments() throws {
            try OwnThread.run {
                let cable = try Cable()
                for seed in 0..<300 as Range<UInt64> {
                    var numbers = SeededNumbers(seed)
                    var recipe = FrameRecipe.random(&numbers)
                    // From a socket, the kernel cuts no super-frame whose checksum is complete, and none of one segment.
                    recipe.isPartial = true
                    let size = Int.random(in: 100...1300, using: &numbers)
                    let length = size + Int.random(in: 1...(size * 20), using: &numbers)
                    recipe.payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(seed)) }
                    try cable.compare(recipe, recipe.header(size), "seed \(seed)")
                }
            }
        }

        @Test("Fragments are the kernel's; IPv6's identification is anybody's choice")
        func fragments() throws {
            try OwnThread.run {
                let cable = try Cable()
                for seed in 0..<60 as Range<UInt64> {
                    var numbers = SeededNumbers(seed)
                    var recipe = FrameRecipe.random(&numbers)
                    recipe.isPartial = true
                    recipe.transport = .udp
                    recipe.extensions = []
                    recipe.fragmentField = 0
                    let size = 8 * Int.random(in: 10...150, using: &numbers)
                    let length = size + Int.random(in: 1...(size * 10), using: &numbers)
                    recipe.payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(seed)) }
                    try cable.compare(recipe, recipe.header(size, fragments: true), "seed \(seed)")
                }
            }
        }

        @Test(
            "Super-frames in VXLAN come whole where the interface below can cut them, and their segments are the kernel's",
            .needs(.tool("ip"), .link("vxlan")), arguments: [false, true])
        func tunnels(hasChecksum: Bool) throws {
            try OwnThread.run {
                let cable = try Cable()
                try cable.addTunnel(hasChecksum: hasChecksum)
                for seed in 0..<40 as Range<UInt64> {
                    var numbers = SeededNumbers(seed)
                    var recipe = FrameRecipe.random(&numbers)
                    recipe.isPartial = true
                    recipe.tags = []
                    let size = Int.random(in: 100...1200, using: &numbers)
                    recipe.payload = (0..<(size * 5 + 3)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(seed)) }
                    try cable.setOffloads(true)
                    let whole = try cable.exchange(recipe.bytes, recipe.header(size), count: 1)
                    try #require(whole.count == 1, "seed \(seed)")
                    let header = try #require(cable.lastHeader)
                    try cable.setOffloads(false)
                    let theirs = try cable.exchange(recipe.bytes, recipe.header(size), count: 6)
                    let (_, ours) = try cut(whole[0], header)
                    // The outer IP id is another one each time.
                    #expect(ours.map(Self.withoutOuterID) == theirs.map(Self.withoutOuterID), "seed \(seed): \(recipe)")
                    let ids = theirs.map { UInt16($0[18]) << 8 | UInt16($0[19]) }
                    #expect(ids == (0..<6).map { ids[0] &+ $0 })
                }
            }
        }

        private static func withoutOuterID(_ frame: [UInt8]) -> [UInt8] {
            frame[..<18] + [0, 0] + frame[20..<24] + [0, 0] + frame[26...]
        }

        @Test("Checksums are the kernel's")
        func checksums() throws {
            try OwnThread.run {
                let cable = try Cable()
                for seed in 0..<200 as Range<UInt64> {
                    var numbers = SeededNumbers(seed)
                    var recipe = FrameRecipe.random(&numbers)
                    recipe.isPartial = true
                    recipe.payload = Array(recipe.payload.prefix(Int.random(in: 0...1300, using: &numbers)))
                    var frame = recipe.bytes
                    try frame.withUnsafeMutableBytes { try ChecksumCompletion.complete($0, recipe.header(0)) }
                    let received = try cable.exchange(recipe.bytes, recipe.header(0), count: 1)
                    #expect(received == [frame], "seed \(seed)")
                }
            }
        }
    }
}

/// Two ends of a cable in a namespace of its own; what is sent into one end leaves it as for a network card without any
/// offloads.
private final class Cable {
    private let sender: Descriptor
    private let receiver: Descriptor
    private let route: NetlinkSocket
    private let generic: NetlinkSocket
    private let family: UInt16
    private let lowerIndex: Int32
    /// Where frames are sent: the cable's one end, or a tunnel over it.
    private var index: Int32
    /// What the kernel said about the frame that came last.
    private(set) var lastHeader: VirtioNetHeader?

    init() throws {
        let veth = try Veth()
        let generic = try NetlinkSocket(.generic, in: .current())
        family = try #require(
            try generic.perform(EthtoolRequest.family()).messages.first.flatMap(EthtoolRequest.familyNumber))
        let receiver = Descriptor(owning: clinux_packet_open(veth.b))
        let sender = Descriptor(owning: Glibc.socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0))
        // PACKET_VNET_HDR of linux/if_packet.h
        var on: Int32 = 1
        for number in [sender.number, receiver.number] {
            guard setsockopt(number, 263, 15, &on, 4) == 0 else { throw LabError("no virtio headers: \(Errno(errno))") }
        }
        index = veth.a
        lowerIndex = veth.a
        route = veth.route
        self.generic = generic
        self.receiver = receiver
        self.sender = sender
        try setOffloads(false)
        try awaitCarrier()
    }

    /// The kernel gives a cable its carrier a moment later.
    private func awaitCarrier() throws {
        for _ in 0..<200 {
            if try !exchange(FrameRecipe(isPartial: false).bytes, VirtioNetHeader(), count: 1, milliseconds: 20).isEmpty
            {
                ThisProcess.pause(milliseconds: 20)
                while try receiver.waitReadable(milliseconds: 0) { _ = try receive() }
                return
            }
        }
        throw LabError("nothing comes through the cable")
    }

    /// Whether the sending end takes super-frames and partial checksums.
    func setOffloads(_ areOn: Bool) throws {
        let names = [
            "tx-checksum-ip-generic", "tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-tcp-ecn-segmentation",
            "tx-tcp-mangleid-segmentation", "tx-udp-segmentation", "tx-generic-segmentation", "tx-udp_tnl-segmentation",
            "tx-udp_tnl-csum-segmentation",
        ]
        try generic.perform(
            EthtoolRequest.setFeatures(
                Dictionary(uniqueKeysWithValues: names.map { ($0, areOn) }), family: family, index: lowerIndex,
                name: "a"))
    }

    /// From now on, what is sent goes into a VXLAN tunnel over the cable.
    func addTunnel(hasChecksum: Bool) throws {
        let checksum = hasChecksum ? "udpcsum" : "noudpcsum"
        for line in [
            "addr add 10.9.0.1/24 dev a", "neigh add 10.9.0.2 lladdr 02:00:00:00:00:09 dev a nud permanent",
            "link add v type vxlan id 7 remote 10.9.0.2 dstport 4789 dev a \(checksum)",
        ] {
            var ip = try ChildProcess(["ip"] + line.split(separator: " ").map(String.init))
            let status = ip.wait()
            try #require(status == 0, "ip \(line)")
        }
        index = try Veth.setUp("v", route)
    }

    /// Cuts here, has the kernel cut, and compares.
    func compare(_ recipe: FrameRecipe, _ header: VirtioNetHeader, _ whence: String) throws {
        let frame = recipe.bytes
        let (plan, segments) = try cut(frame, header)
        let received = try exchange(frame, header, count: plan.count)
        #expect(received.count == segments.count, "\(whence): \(recipe)")
        for (index, (ours, theirs)) in zip(segments, received).enumerated() {
            var ours = ours
            if header.kind == .udpFragments, recipe.isIPv6 {
                let place = recipe.network + 44
                ours.replaceSubrange(place..<(place + 4), with: theirs[place..<(place + 4)])
            }
            let difference = zip(ours, theirs).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            #expect(ours == theirs, "\(whence), segment \(index), first different at \(difference ?? -1): \(recipe)")
            if ours != theirs { return }
        }
    }

    /// What comes out at the other end.
    func exchange(
        _ frame: [UInt8], _ header: VirtioNetHeader, count: Int, milliseconds: Int32 = 1000
    ) throws -> [[UInt8]] {
        var bytes = [UInt8](repeating: 0, count: VirtioNetHeader.size)
        _ = bytes.withUnsafeMutableBytes { header.write(to: $0) }
        bytes += frame
        // struct sockaddr_ll: family, protocol, index
        var address = [UInt8](repeating: 0, count: 20)
        address[0] = UInt8(AF_PACKET)
        withUnsafeBytes(of: index) { address.replaceSubrange(4..<8, with: $0) }
        let sent = address.withUnsafeBytes { address in
            address.withMemoryRebound(to: sockaddr.self) {
                sendto(sender.number, bytes, bytes.count, 0, $0.baseAddress, 20)
            }
        }
        guard sent == bytes.count else { throw LabError("can't send \(header): \(Errno(errno))") }
        var frames: [[UInt8]] = []
        while frames.count < count, try receiver.waitReadable(milliseconds: milliseconds) {
            frames.append(try receive())
        }
        // Nothing is to come after the last.
        while try receiver.waitReadable(milliseconds: 0) { frames.append(try receive()) }
        return frames
    }

    private func receive() throws -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: 70_000)
        var control = [UInt8](repeating: 0, count: 128)
        let size = frame.withUnsafeMutableBytes { frame in
            control.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: frame.baseAddress, iov_len: frame.count)
                return withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    message.msg_iov = vector
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return recvmsg(receiver.number, &message, 0)
                }
            }
        }
        guard size >= VirtioNetHeader.size + 14 else { throw LabError("can't receive: \(Errno(errno))") }
        frame.removeLast(frame.count - size)
        lastHeader = frame.withUnsafeBytes { VirtioNetHeader($0) }
        frame.removeFirst(VirtioNetHeader.size)
        // struct tpacket_auxdata behind a cmsghdr of 16 bytes; TP_STATUS_VLAN_VALID is bit 4 of its first field.
        guard control[16] & 1 << 4 != 0 else { return frame }
        return frame[..<12] + [control[35], control[34], control[33], control[32]] + frame[12...]
    }
}
