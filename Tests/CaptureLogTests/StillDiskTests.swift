import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem
import Testing

/// A disk that stands still for longer than the capture waits, while files go on to rotate.
@Suite(.enabled(if: Requirement.hasTools("strace", "capinfos", "zstd"), "needs strace, capinfos and zstd"))
struct StillDiskTests {
    /// Where the writer's thread can be kept waiting: in the middle of a file, at its end, and when the next one is made.
    static let calls = ["sync_file_range", "renameat2", "openat"]

    @Test(
        "Every file has its header, whatever waits; what follows dropped packets is read; and all are counted",
        arguments: [("pcapng", "none"), ("pcap", "none"), ("pcapng", "zstd")], [400, 50, 1_000_000])
    func everyHeader(kind: (format: String, compression: String), perFile: Int) throws {
        // At a file's end once is enough: formats differ in what is within.
        let isPlain = kind == ("pcapng", "none") && perFile < 1_000_000
        for call in Self.calls where isPlain || call == "sync_file_range" {
            try withDirectory { path in
                let writer = try #require(logWriter)
                // The third call of a thread: the manifest and the first file are opened before there is a writer's thread.
                let (output, status) = try run(
                    "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
                    "inject=\(call):delay_enter=1600000:when=\(call == "openat" ? 1 : 3)", writer, path, kind.format,
                    kind.compression, "\(perFile)", "still")
                #expect(status == 0)
                let counts = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
                try #require(counts.count == 5)
                let (appended, written, slow, others, completed) = (
                    counts[0], counts[1], counts[2], counts[3], counts[4]
                )
                #expect(slow > 0 && others == 0, "\(call)")
                #expect(appended == written + slow)
                let names = try files(path)
                #expect(names.count == completed)
                var found: [Int] = []
                for name in names {
                    let file = try readFile("\(path)/\(name)")
                    #expect(try run("capinfos", "-c", "\(path)/\(name)").status == 0)
                    #expect(file.statistics.count == (kind.format == "pcapng" ? 1 : 0), "\(call) \(name)")
                    found += file.packets.map(number)
                }
                #expect(found.count == written)
                #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
                // 1000 came after the last that was dropped.
                #expect(found.suffix(1000) == Array(appended - 1000..<appended)[...])
                #expect(try allFiles(path) == names)
            }
        }
    }
}
