internal import CaptureFile
internal import LinuxSystem

/// What the capture thread has the writer thread do, in this order.
enum LogWork: Sendable {
    /// A file and a moment, in nanoseconds since 1970.
    struct Moment: Sendable {
        let file: UInt64
        let time: Int64
    }

    /// Begin a file.
    case begin(Moment)
    /// Packets' whole records for the file.
    case buffer(AlignedBuffer, file: UInt64, packets: UInt64)
    /// Complete the file, with these last records.
    case end(Moment, trailer: [UInt8])
    /// Look at the limits.
    case tick(Int64)
    /// A command for a file has ended, with an exit status.
    case commandEnded(String, Int32)
    /// Complete what is left, and end.
    case stop
}
