import LinuxSystem
import Testing

@Suite("Names of hosts") struct HostLookupTests {
    @Test("A name that this machine knows has an address; one that is none has words, and was answered")
    func answers() throws {
        #expect(try !HostLookup("localhost", port: 80).answer().get().isEmpty)
        #expect(try !HostLookup("127.0.0.1").answer().get().isEmpty)
        guard case .failure(let error) = try HostLookup("").answer() else {
            Issue.record("no name has an address")
            return
        }
        #expect(!error.isUnanswered && !error.description.isEmpty)
    }

    @Test("The process that looks up ends with who asked, and no thread does") func ending() throws {
        let outcome = try Probe.run("lookup")
        #expect(outcome.lines == ["one thread", "no child"], "\(outcome.output) \(outcome.error)")
    }
}
