internal import MirrorModel

/// Quantities as people read them.
public enum Quantity {
    /// "1 packet", "2 packets".
    public static func packets(_ count: UInt64) -> String { counted(count, "packet") }

    /// "1 frame", "2 frames".
    public static func frames(_ count: UInt64) -> String { counted(count, "frame") }

    /// Decimal multiples, one digit after the point: "216.8 kB".
    public static func bytes(_ count: UInt64) -> String { scaled(Double(count), "B") }

    /// Of what there is each second: "12.3 kpps", "8.1 Mbit/s".
    public static func rate(_ count: Double, _ unit: String) -> String { scaled(count, unit) }

    private static func scaled(_ count: Double, _ unit: String) -> String {
        guard count >= 1000 else { return "\(UInt64(count)) \(unit)" }
        var value = count
        var rank = 0
        let prefixes = ["", "k", "M", "G", "T", "P", "E"]
        while value >= 999.95, rank < prefixes.count - 1 {
            value /= 1000
            rank += 1
        }
        let tenths = UInt64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(prefixes[rank])\(unit)"
    }

    /// The two largest units: "9m 12s"; less than nothing is nothing.
    public static func duration(_ seconds: Int64) -> String {
        let seconds = max(seconds, 0)
        let parts = [
            (seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ].drop { $0.0 == 0 }.prefix(2)
        return parts.isEmpty ? "0s" : parts.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }
}
