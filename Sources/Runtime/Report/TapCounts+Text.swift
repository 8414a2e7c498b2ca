internal import MirrorModel
internal import PacketSocket
public import Tap

extension TapCounts {
    /// A line for each port, and for each output.
    public var text: String {
        var text = ""
        for source in sources {
            text += "\(source.port): received \(Quantity.frames(source.received))"
            text +=
                source.lost > 0
                ? ", \(source.lost) of these lost (no room in the ring: a larger --ring helps against bursts)"
                : ", lost 0"
            if source.isSelected { text += ", filtered \(source.filtered)" }
            if source.unseen > 0 { text += ", not seen \(source.unseen) (the interface counted them)" }
            if source.unwanted > 0 { text += ", beyond the limit \(source.unwanted)" }
            let finished = source.finished
            if finished.superFrames > 0 {
                text += "; \(counted(finished.superFrames, "super-frame")) cut into \(finished.segments)"
            }
            for (fault, count) in finished.faults.sorted(by: { "\($0.key)" < "\($1.key)" }) {
                text += "; \(count) not copied: \(fault)"
            }
            text += "\n"
        }
        text += "copied: \(Quantity.frames(copied))\n"
        for output in outputs {
            let total = output.total
            text +=
                "\(output.name): \(output.files == nil ? "sent" : "written") \(Quantity.frames(total.sent)), "
                + "\(Quantity.bytes(total.sentBytes)), failed \(total.failed)"
            let reasons = Self.reasons(total)
            if !reasons.isEmpty {
                text += " (" + reasons.map { "\($0.words) \($0.count)" }.joined(separator: ", ") + ")"
            }
            if output.unwanted > 0 { text += ", beyond the limit \(output.unwanted)" }
            if output.files == nil { text += "; " + Self.words(ofWay: output.queueReason) }
            if let files = output.files {
                text += "; \(counted(files.finished, "file")), \(Quantity.bytes(files.bytes))"
                if files.removed > 0 { text += ", \(files.removed) removed" }
                if let current = files.current { text += ", writing \(current)" }
            }
            text += "\n"
        }
        return text
    }

    /// How copies go to a port.
    /// - Parameter reason: why they go through its queue; nil if they pass it by.
    public static func words(ofWay reason: String?) -> String {
        reason.map { "through the queue: \($0)" } ?? "past the queue"
    }

    static func reasons(_ counts: SendCounts) -> [(words: String, count: UInt64)] {
        [
            ("too big", counts.tooBig), ("output down", counts.down), ("no buffer", counts.noBuffer),
            ("disk full", counts.noSpace), ("other", counts.refused),
        ].filter { $0.1 > 0 }.map { (words: $0.0, count: $0.1) }
    }
}
