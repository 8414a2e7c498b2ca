import FoundationEssentials
import SharedLibrary
import Testing

@Suite struct OpeningTests {
    @Test func `a function is found in the first library that is there`() throws {
        let library = try SharedLibrary(LibraryName(["libnowhere.so.9", "libm.so.6"], to: "count", package: "libc6"))
        let floor = try library.function("floor", as: (@convention(c) (Double) -> Double).self)
        #expect(floor(2.5) == 2)
    }

    @Test func `the error says what it is for, what is missing, and which package has it`() throws {
        let error = try #require(throws: SharedLibraryError.self) {
            try SharedLibrary(
                LibraryName(["libnowhere.so.9", "libnowhere.so.8"], to: "compile filters", package: "libnowhere9"))
        }
        #expect(
            error.description
                == "can't compile filters: libnowhere.so.9 isn't installed; on Debian it is in the package libnowhere9")
    }

    @Test func `a library that is there and can't be loaded isn't called missing`() throws {
        let file = "/tmp/portmirror-no-library-\(UInt64.random(in: 0 ... .max)).so"
        try Data("no library".utf8).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let error = try #require(throws: SharedLibraryError.self) {
            try SharedLibrary(LibraryName([file, "libnowhere.so.8"], to: "count", package: "libnowhere8"))
        }
        #expect(error.description.hasPrefix("can't count: the library can't be loaded: \(file): "), "\(error)")
        #expect(!error.description.contains("package"))
    }

    @Test func `a function that isn't there is another version's`() throws {
        let library = try SharedLibrary(LibraryName(["libm.so.6"], to: "count", package: "libc6"))
        let error = try #require(throws: SharedLibraryError.self) {
            try library.function("no_such_function", as: (@convention(c) () -> Void).self)
        }
        #expect(error.description.hasPrefix("libm.so.6 has no function no_such_function"))
    }
}
