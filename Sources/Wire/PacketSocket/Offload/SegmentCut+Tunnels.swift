/// The outer headers of super-frames in tunnels.
extension SegmentCut {
    /// Completes the headers of tunnels, the innermost first: the outer ones' checksums cover it.
    func patchLayers(_ head: UnsafeMutableRawPointer, _ frameLength: Int) {
        for layer in layers.reversed() {
            unsafe patchLayerNetwork(layer, head, frameLength)
            let start = layer.transport
            if layer.transportProtocol == IPProtocol.udp {
                let length = frameLength - start
                unsafe Self.store(UInt16(truncatingIfNeeded: length), head, start + 4)
                // Zero: a tunnel without checksums, as VXLAN's usually is.
                if load(start + 6) == 0 { continue }
                var pseudo = InternetChecksum.word(UInt32(length)) &+ InternetChecksum.word(UInt16(IPProtocol.udp))
                let addresses = layer.network + (layer.isIPv4 ? 12 : 8)
                unsafe pseudo &+= InternetChecksum.sum(head + addresses, layer.isIPv4 ? 8 : 32)
                unsafe sumUp(head, from: start, field: start + 6, pseudo, frameLength)
            } else if layer.transportProtocol == IPProtocol.gre, UInt16(bigEndian: load(start)) & GRE.checksum != 0 {
                unsafe sumUp(head, from: start, field: start + 4, 0, frameLength)
            }
        }
    }

    private func patchLayerNetwork(_ layer: FrameHeaders, _ head: UnsafeMutableRawPointer, _ frameLength: Int) {
        let network = layer.network
        let length = UInt16(truncatingIfNeeded: frameLength - network - (layer.isIPv4 ? 0 : 40))
        unsafe Self.store(length, head, network + (layer.isIPv4 ? 2 : 4))
        guard layer.isIPv4 else { return }
        let name = UInt16(bigEndian: load(network + 4)) &+ UInt16(truncatingIfNeeded: done)
        unsafe Self.store(name, head, network + 4)
        unsafe Self.store(0, head, network + 10)
        let sum = unsafe InternetChecksum.sum(head + network, Int(template[network] & 0xf) * 4)
        unsafe head.storeBytes(of: InternetChecksum.stored(sum), toByteOffset: network + 10, as: UInt16.self)
    }

    /// Stores the checksum of everything from an outer header on. What the innermost transport header and the payload
    /// add is known without a look at them: with their own checksum they are the complement of their pseudo-header.
    private func sumUp(
        _ head: UnsafeMutableRawPointer, from start: Int, field: Int, _ pseudo: UInt64, _ frameLength: Int
    ) {
        unsafe Self.store(0, head, field)
        let inner = pseudoSum &+ InternetChecksum.word(UInt32(truncatingIfNeeded: frameLength - transport))
        let sum =
            unsafe pseudo &+ InternetChecksum.sum(head + start, transport - start) &+ InternetChecksum.negative(inner)
        unsafe head.storeBytes(of: InternetChecksum.storedNonZero(sum), toByteOffset: field, as: UInt16.self)
    }
}
