internal import CaptureFile
internal import MirrorModel
internal import PacketFilter
internal import PacketSocket

/// Frames that come from captures instead of a port: selected here, since no kernel does it.
final class Replayed {
    let finisher: FrameFinisher
    private let program: BPFProgram?
    private var selected: TapCounts.Source

    /// What has been read, and what came of it.
    var counts: TapCounts.Source {
        var counts = selected
        counts.finished = finisher.counts
        return counts
    }

    init(_ settings: TapSettings, name: PortName) {
        var finishing = FrameFinisher.Settings()
        finishing.leavesToDriver = settings.keepsOffloads
        finishing.findsFlows = settings.spreads
        finisher = FrameFinisher(finishing)
        program = settings.program
        selected = TapCounts.Source(port: name)
    }

    /// Whether the selectors let it through.
    func selects(_ packet: CapturedPacket) -> Bool {
        selected.seen += 1
        if let program, program.run(on: PacketView(bytes: packet.capturedBytes, metadataTag: nil)) == 0 {
            return false
        }
        selected.received += 1
        return true
    }
}
