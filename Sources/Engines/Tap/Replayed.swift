internal import CaptureFile
internal import MirrorModel
internal import PacketFilter
internal import PacketSocket

/// Frames that come from captures instead of a port: selected here, since no kernel does it.
final class Replayed {
    let finisher: FrameFinisher
    private let program: BPFProgram?
    private(set) var counts: TapCounts.Source

    init(_ settings: TapSettings, name: PortName) {
        var finishing = FrameFinisher.Settings()
        finishing.leavesToDriver = settings.keepsOffloads
        finishing.findsFlows = settings.spreads
        finisher = FrameFinisher(finishing)
        program = settings.program
        counts = TapCounts.Source(port: name)
    }

    /// Whether the selectors let it through.
    func selects(_ packet: CapturedPacket) -> Bool {
        counts.seen += 1
        if let program, program.run(on: PacketView(bytes: packet.capturedBytes, metadataTag: nil)) == 0 {
            return false
        }
        counts.received += 1
        return true
    }
}
