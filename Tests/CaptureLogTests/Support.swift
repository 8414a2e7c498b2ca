import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem
import Testing

/// What a test needs of the machine. Where continuous integration runs, everything has to be there: the test runs and
/// fails.
enum Requirement {
    static func hasTools(_ names: String...) -> Bool { isCI || names.allSatisfy { path(of: $0) != nil } }

    private static var isCI: Bool {
        guard let value = Environment.current()["CI"] else { return false }
        return value != "0" && value != "false"
    }
}

/// Where a program is; Debian's tcpdump is in /usr/sbin at times, which isn't everybody's PATH.
func path(of name: String) -> String? {
    let path = (Environment.current()["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// Runs a program to its end; its standard output, and its exit status.
func run(_ arguments: String...) throws -> (output: String, status: Int32) {
    let file = try Descriptor.openUnnamed()
    let null = try Descriptor.open("/dev/null", flags: O_WRONLY)
    var program = try ChildProcess(
        [path(of: arguments[0]) ?? arguments[0]] + arguments.dropFirst(), output: file.number, error: null.number)
    let status = program.wait()
    lseek(file.number, 0, SEEK_SET)
    return (String(decoding: try file.readAll(), as: UTF8.self), status)
}

extension Descriptor {
    /// A file without a name, to write to and read from.
    static func openUnnamed() throws(SystemError) -> Descriptor {
        // __O_TMPFILE of asm-generic/fcntl.h.
        try open("/tmp", flags: O_RDWR | 0o20000000 | O_DIRECTORY, mode: 0o600)
    }
}

/// A directory that goes when the test ends.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = try Files.makeTemporaryDirectory("pm-log")
    defer { try? Files.removeTree(path) }
    return try body(path)
}

/// 2023-11-14T22:13:20Z, in nanoseconds.
let start: Int64 = 1_700_000_000_000_000_000
let second: Int64 = 1_000_000_000

/// Settings with small buffers, UTC and no flushing by time.
func settings(
    _ path: String, _ pattern: String = "t-{seq}", _ format: CaptureFormat = .pcapng,
    compressed: Bool = false, change: (inout CaptureLogSettings) -> Void = { _ in }
) throws -> CaptureLogSettings {
    let compression: CaptureLogSettings.Compression? = compressed ? .zstd(level: 1) : nil
    var settings = CaptureLogSettings(
        name: try FileNameTemplate(pattern, fileExtension: CaptureLogSettings.fileExtension(format, compression)),
        format: format, compression: compression, directoryPath: path)
    settings.interfaceName = "eth0"
    settings.usesUTC = true
    settings.snaplen = 2048
    settings.bufferBytes = 4096
    settings.mostBuffers = 4
    settings.flushInterval = nil
    change(&settings)
    return settings
}

/// Opens a log at ``start``.
func open(
    _ settings: CaptureLogSettings, now: Int64 = start, statistics: @escaping () -> [CaptureStatistics] = { [] }
) throws -> CaptureLog {
    let directory = try Descriptor.open(settings.directoryPath, flags: O_RDONLY | O_DIRECTORY)
    return try CaptureLog(
        settings, directory: directory, interfaces: [.init(name: "eth0", snaplen: settings.snaplen)], now: now,
        statistics: statistics)
}

/// A frame with a number in it.
func packet(_ number: Int, length: Int = 60) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    for byte in 0..<8 { bytes[14 + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
    return bytes
}

/// The number in a frame.
func number(_ packet: CapturedPacket) -> Int {
    packet.capturedBytes[14..<22].reversed().reduce(0) { $0 << 8 | Int($1) }
}

/// A capture file's packets and statistics; compressed ones are decompressed by zstd(1).
func readFile(_ path: String) throws -> (packets: [CapturedPacket], statistics: [CaptureStatistics]) {
    var bytes = try #require(try Files.read(path))
    if path.hasSuffix(".zst") {
        let plain = path + ".plain"
        #expect(try run("zstd", "-q", "-d", "-f", path, "-o", plain).status == 0)
        bytes = try #require(try Files.read(plain))
        try Files.remove(plain)
    }
    var reader = CaptureReader()
    reader.feed(bytes)
    var packets: [CapturedPacket] = []
    while let packet = try reader.next() { packets.append(packet) }
    try reader.finish()
    return (packets, reader.statistics)
}

/// The names of the complete files.
func files(_ path: String) throws -> [String] { try #require(try Files.list(path)) }

/// All names but the manifests'.
func allFiles(_ path: String) throws -> [String] {
    try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY).fileNames().filter { !$0.hasPrefix(".portmirror-log-") }
}

/// The numbers of all packets in the complete files, in the files' order.
func numbers(_ path: String) throws -> [[Int]] {
    try files(path).sorted { $0.count == $1.count ? $0 < $1 : $0.count < $1.count }.map {
        try readFile("\(path)/\($0)").packets.map(number)
    }
}

/// Writes a file of somebody else's.
func write(_ text: String, to path: String) throws { try Files.write(Array(text.utf8), to: path) }

/// The program that logs until it is killed, beside the tests.
var logWriter: String? {
    var target = [CChar](repeating: 0, count: 4096)
    var candidates = CommandLine.arguments
    if readlink("/proc/self/exe", &target, 4095) > 0 {
        candidates.append(String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return candidates.compactMap { candidate -> String? in
        guard let slash = candidate.lastIndex(of: "/") else { return nil }
        let path = candidate[..<slash] + "/capture-log-writer"
        return access(String(path), X_OK) == 0 ? String(path) : nil
    }.first
}
