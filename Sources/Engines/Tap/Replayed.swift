internal import CaptureFile
internal import MirrorModel
internal import PacketFilter
internal import PacketSocket

/// Frames that come from captures instead of a port: selected here, since no kernel does it.
final class Replayed {
    let finisher: FrameFinisher
    private let program: BPFProgram?
    private var selected: TapCounts.Source
    /// Frames that came after the last one that was wanted.
    var unwanted: UInt64 = 0

    /// What has been read, and what came of it.
    var counts: TapCounts.Source {
        var counts = selected
        counts.finished = finisher.counts
        counts.unwanted = unwanted
        counts.isSelected = program != nil
        counts.missed = counts.seen - counts.received
        return counts
    }

    /// - Parameter mtu: the largest of the ports that get the copies; nil without any: files take what was captured.
    init(_ settings: TapSettings, name: PortName, mtu: UInt32?) {
        var finishing = FrameFinisher.Settings()
        finishing.leavesToDriver = settings.keepsOffloads
        finishing.findsFlows = settings.spreads
        finishing.mtu = mtu.map(Int.init) ?? .max / 2
        finisher = FrameFinisher(finishing)
        program = settings.program
        selected = TapCounts.Source(port: name)
    }

    /// Whether the selectors let it through.
    func selects(_ packet: CapturedPacket) -> Bool {
        selected.seen += 1
        if let program {
            // As on the wire: `greater` and `less` mean what the frame was, not what was kept of it.
            let view = PacketView(
                bytes: packet.capturedBytes, random: .random(in: 0 ... .max),
                length: max(packet.originalLength, UInt32(clamping: packet.capturedBytes.count)))
            if program.run(on: view) == 0 { return false }
        }
        selected.received += 1
        return true
    }
}
