import CLinux
import EthtoolNetlink
import Glibc
import LinuxSystem
import Netlink
import PacketSocket
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
    private let index: Int32

    init() throws {
        _ = clinux_stay_on_cpu()
        try NetworkNamespace.makeOwn()
        try NetworkNamespace.disableIPv6()
        let socket = try NetlinkSocket(.route)
        try socket.perform(LinkRequest.addVeth("a", peer: "b"))
        let indices = try ["a", "b"].map { name in
            let link = try Link(try #require(try socket.perform(LinkRequest.get(name: name)).messages.first))
            try socket.perform(LinkRequest.setUp(true, index: link.index, name: name))
            return link.index
        }
        let generic = try NetlinkSocket(.generic)
        let family = try #require(
            try generic.perform(EthtoolRequest.family()).messages.first.flatMap(EthtoolRequest.familyNumber))
        let off = [
            "tx-checksum-ip-generic", "tx-tcp-segmentation", "tx-tcp6-segmentation",
            "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-udp-segmentation",
            "tx-generic-segmentation",
        ]
        try generic.perform(
            EthtoolRequest.setFeatures(
                Dictionary(uniqueKeysWithValues: off.map { ($0, false) }), family: family, index: indices[0], name: "a")
        )
        receiver = Descriptor(owning: clinux_packet_open(indices[1]))
        sender = Descriptor(owning: Glibc.socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0))
        index = indices[0]
        // PACKET_VNET_HDR of linux/if_packet.h
        var on: Int32 = 1
        try #require(receiver.number >= 0 && setsockopt(sender.number, 263, 15, &on, 4) == 0)
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
    func exchange(_ frame: [UInt8], _ header: VirtioNetHeader, count: Int) throws -> [[UInt8]] {
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
        while frames.count < count, try receiver.waitReadable(milliseconds: 1000) { frames.append(try receive()) }
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
        guard size >= 14 else { throw LabError("can't receive: \(Errno(errno))") }
        frame.removeLast(frame.count - size)
        // struct tpacket_auxdata behind a cmsghdr of 16 bytes; TP_STATUS_VLAN_VALID is bit 4 of its first field.
        guard control[16] & 1 << 4 != 0 else { return frame }
        return frame[..<12] + [control[35], control[34], control[33], control[32]] + frame[12...]
    }
}
