internal import Glibc

/// What time it is.
public enum Clocks {
    /// Nanoseconds since 1970 (CLOCK_REALTIME), as the kernel stamps packets.
    public static func realtimeNanoseconds() -> UInt64 {
        var value = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &value)
        return UInt64(clamping: value.nanoseconds)
    }
}

extension timespec {
    /// In nanoseconds; as many as 64 bits hold, for a clock can be set to anything.
    var nanoseconds: Int64 {
        let (whole, isTooMuch) = Int64(tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooFar) = whole.addingReportingOverflow(Int64(tv_nsec))
        return isTooMuch || isTooFar ? (tv_sec < 0 ? .min : .max) : sum
    }
}

extension Duration {
    /// In nanoseconds; as many as 64 bits hold of what is longer.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooFar) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooMuch || isTooFar ? (seconds < 0 ? .min : .max) : sum
    }
}

/// The system this runs on (uname(2)): for the headers of capture files.
public struct SystemName: Hashable, Sendable, CustomStringConvertible {
    /// `Linux`
    public let system: String
    /// The kernel's release, such as `6.1.0-18-amd64`.
    public let release: String
    /// The hardware, such as `x86_64`.
    public let machine: String
    /// The host's name.
    public let host: String

    /// Asks.
    public static var current: SystemName {
        var name = utsname()
        unsafe _ = uname(&name)
        return SystemName(
            system: text(name.sysname), release: text(name.release), machine: text(name.machine),
            host: text(name.nodename))
    }

    /// Such as `Linux 6.1.0-18-amd64 x86_64`.
    public var description: String { "\(system) \(release) \(machine)" }

    private static func text<Characters>(_ characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
