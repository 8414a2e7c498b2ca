import MirrorConfig
import MirrorModel
import Testing

@Suite struct FilesTests {
    @Test("files are an output in short, or with settings")
    func forms() throws {
        let read = try mirrors(
            file(
                "from: a", "to:", "  - files:/var/log/a", "  - {files: /b/, rotate-size: 100M, keep-files: 10}",
                "  - files: /c", "    name: web-%H", "    format: pcap", "    compress: zstd", "    rotate-time: 1h",
                "    rotate-packets: 5", "    keep-bytes: 2GB", "    keep-age: 1d12h", "    keep-percent: 80"))
        #expect(
            read.first?.outputs == [
                .files(FileSettings(directory: try DirectoryPath("/var/log/a"))),
                .files(FileSettings(directory: try DirectoryPath("/b"), rotateSize: 100 << 20, keepFiles: 10)),
                .files(
                    FileSettings(
                        directory: try DirectoryPath("/c"), name: "web-%H", format: .pcap, compression: .zstd,
                        rotateTime: .seconds(3600), rotatePackets: 5, keepBytes: 2_000_000_000,
                        keepAge: .seconds(129_600), keepPercent: 80)),
            ])
        let one = try mirrors(file("from: a", "to: {files: /b, rotate-packets: 7}")).first
        #expect(one?.outputs.first?.files?.rotatePackets == 7)
    }

    @Test(
        "what is wrong with files, where it is",
        arguments: [
            (
                "to: files:x",
                "5:9: 'files:x' can't be a directory: it has to be an absolute path, as in /var/log/captures"
            ),
            (
                "to: {files: x}",
                "5:17: 'x' can't be a directory: it has to be an absolute path, as in /var/log/captures"
            ),
            (
                "to: {files: /a/../b}",
                "5:17: '/a/../b' can't be a directory: '..' isn't followed; say where the directory really is"
            ),
            ("to: {files: }", "5:17: 'files' has to be a directory, as in /var/log/captures; found nothing"),
            ("to: {files: /a, rotate-sizes: 1M}", "5:21: unknown key 'rotate-sizes'; did you mean 'rotate-size'?"),
            (
                "to: {files: /a, port: b}",
                "5:21: unknown key 'port'; the keys are files, name, format, compress, rotate-size, rotate-time, rotate-packets, keep-files, keep-bytes, keep-age, keep-percent"
            ),
            ("to: {port: a, rotate-size: 1M}", "5:19: 'rotate-size' goes with 'files', the directory of capture files"),
            ("to: {files: /a, format: pcapn}", "5:29: unknown format 'pcapn'; did you mean 'pcapng'?"),
            ("to: {files: /a, compress: gzip}", "5:31: unknown compress 'gzip'; the compressions are zstd"),
            (
                "to: {files: /a, rotate-size: 10X}",
                "5:34: 'rotate-size': '10X': the units are k, M, G and T (of 1024), kB, MB, GB and TB (of 1000)"
            ),
            ("to: {files: /a, rotate-size: 100}", "5:34: 'rotate-size' has to be at least 4K, not 100 bytes"),
            ("to: {files: /a, rotate-size: 0}", "5:34: 'rotate-size': '0': it has to be more than nothing"),
            (
                "to: {files: /a, rotate-time: 10}",
                "5:34: 'rotate-time': '10': the unit is missing: s, m, h or d, as in 10m"
            ),
            (
                "to: {files: /a, rotate-packets: 0}",
                "5:37: 'rotate-packets' has to be a number from 1 to 4294967295; found '0'"
            ),
            (
                "to: {files: /a, rotate-packets: 1, keep-percent: 100}",
                "5:54: 'keep-percent' has to be a number from 1 to 99; found '100'"
            ),
            (
                "to: {files: /a, keep-files: 3}",
                "5:33: 'keep-files' removes finished files, and none is finished without rotate-size, rotate-time or rotate-packets: add one"
            ),
            ("to: {files: /a, name: a/b}", "5:27: 'name' 'a/b' has a '/': the files are in the directory itself"),
            (
                "to: {files: /a, name: }",
                "5:27: 'name' has to be a template for names, as in %Y%m%d-%H%M%S; found nothing"
            ),
            ("to: [files:/a, {files: /a/, format: pcap}]", "5:9: 'to' has the directory /a twice"),
            ("to: [files:/a, files:/a]", "5:20: 'files:/a' is listed twice in 'to'"),
        ])
    func wrong(_ line: String, _ expected: String) {
        #expect(problems(file("from: a", line)) == [expected])
    }

    @Test("everything that is wrong with an output is told")
    func all() {
        #expect(
            problems(file("from: a", "to: {files: x, format: y, keep-percent: 0}")).count == 3)
    }

    @Test("spread needs outputs")
    func spread() throws {
        #expect(try mirrors(file("from: a", "to: [b, c]", "spread: true")).first?.spread == true)
        #expect(
            problems(complete("spread: true")) == ["6:13: 'spread' goes with several outputs: there is one"])
        #expect(try mirrors(file("from: a", "to: [b, c]", "engine: tap", "spread: true")).first?.engine == .tap)
        #expect(problems(complete("spread: 1")) == ["6:13: 'spread' has to be true or false; found '1'"])
    }

    @Test(
        "sizes",
        arguments: [
            ("1", 1), ("4096", 4096), ("1k", 1024), ("1K", 1024), ("1KiB", 1024), ("1kB", 1000), ("1KB", 1000),
            ("100M", 104_857_600), ("100MB", 100_000_000), ("2g", 2_147_483_648), ("2GiB", 2_147_483_648),
            ("1T", 1_099_511_627_776), ("1TB", 1_000_000_000_000), ("1048576T", 1 << 60),
        ])
    func sizes(_ text: String, _ bytes: UInt64) throws {
        #expect(try parseSize(text) == bytes)
        #expect(try parseSize(formatSize(bytes)) == bytes)
    }

    @Test(
        "what is no size",
        arguments: [
            "", "M", "-1", "1.5M", "1 M", "1Mi", "1MBit", "1B", "1ib", "0", "0M", "1152921504606846977", "1048577T",
            "99999999999999999999", "1é",
        ])
    func noSizes(_ text: String) {
        #expect(throws: SizeError.self) { try parseSize(text) }
    }

    @Test("sizes and durations are written in their largest whole unit")
    func formatted() {
        for (bytes, text) in [
            (104_857_600, "100M"), (100_000_000, "100MB"), (1024, "1k"), (1000, "1kB"), (1001, "1001"), (0, "0"),
            (1 << 40, "1T"), (1_536_000, "1500k"),
        ] as [(UInt64, String)] {
            #expect(formatSize(bytes) == text)
        }
        for (seconds, text) in [
            (0, "0s"), (59, "59s"), (60, "1m"), (5400, "1h30m"), (129_600, "1d12h"), (90_061, "1d1h1m1s"),
        ]
            as [(Int64, String)]
        {
            #expect(formatDuration(.seconds(seconds)) == text)
        }
    }
}
