/// What is inside a tunnel. The virtio header doesn't say that there is one, but where the innermost transport header is
/// (`csum_start`): super-frames that a host sends into VXLAN or GRE come like this wherever the interface below can cut
/// them. What the outer headers have to be is found out by trying: only the right way ends at exactly that place.
enum Tunnel {
    private static let deepest = 3

    /// Walks from a frame's outermost headers to those whose transport header is at `start`.
    /// - Parameter layers: gets the headers on the way, outermost first.
    /// - Returns: the innermost ones; nil if there is no way.
    static func innermost(
        _ frame: FrameBytes, _ outer: FrameHeaders, at start: Int, _ layers: inout [FrameHeaders]
    ) -> FrameHeaders? {
        if outer.transport == start { return outer }
        guard outer.isIP, !outer.isFragment, !outer.hasJumboLength, outer.transport < start, layers.count < deepest
        else { return nil }
        layers.append(outer)
        let inner = outer.transport
        let found: FrameHeaders? =
            switch outer.transportProtocol {
            case 4, 41: follow(frame, ip: inner, start, &layers)
            case IPProtocol.gre: inGRE(frame, inner, start, &layers)
            case IPProtocol.udp: inUDP(frame, inner + 8, start, &layers)
            default: nil
            }
        if found == nil { layers.removeLast() }
        return found
    }

    /// RFC 2784 and 2890. With sequence numbers nothing is offloaded.
    private static func inGRE(
        _ frame: FrameBytes, _ header: Int, _ start: Int, _ layers: inout [FrameHeaders]
    ) -> FrameHeaders? {
        guard let flags = try? frame.uint16(header), flags & ~(GRE.checksum | GRE.key) == 0,
            let type = try? frame.uint16(header + 2)
        else { return nil }
        let inner = header + 4 + (flags & GRE.checksum != 0 ? 4 : 0) + (flags & GRE.key != 0 ? 4 : 0)
        return follow(frame, type: type, inner, start, &layers)
    }

    /// VXLAN (RFC 7348), Geneve (RFC 8926), VXLAN-GPE, or IP at once (Linux' FOU), on whatever port.
    private static func inUDP(
        _ frame: FrameBytes, _ header: Int, _ start: Int, _ layers: inout [FrameHeaders]
    ) -> FrameHeaders? {
        guard let first = try? frame.byte(header), let type = try? frame.uint16(header + 2) else { return nil }
        if let found = follow(frame, type: EtherType.bridged, header + 8, start, &layers) { return found }
        let options = Int(first & 0x3f) * 4
        if let found = follow(frame, type: type, header + 8 + options, start, &layers) { return found }
        return follow(frame, ip: header + 8, start, &layers) ?? follow(frame, ip: header, start, &layers)
    }

    private static func follow(
        _ frame: FrameBytes, type: UInt16, _ inner: Int, _ start: Int, _ layers: inout [FrameHeaders]
    ) -> FrameHeaders? {
        guard type == EtherType.bridged else {
            let isIP = type == EtherType.ipv4 || type == EtherType.ipv6
            return isIP ? follow(frame, ip: inner, start, &layers) : nil
        }
        guard let headers = try? FrameHeaders(frame, typeAt: inner + 12) else { return nil }
        return innermost(frame, headers, at: start, &layers)
    }

    private static func follow(
        _ frame: FrameBytes, ip: Int, _ start: Int, _ layers: inout [FrameHeaders]
    ) -> FrameHeaders? {
        guard let headers = try? FrameHeaders(frame, ip: ip) else { return nil }
        return innermost(frame, headers, at: start, &layers)
    }
}

/// Bits of GRE's first two bytes.
enum GRE {
    static let checksum: UInt16 = 0x8000
    static let key: UInt16 = 0x2000
}
