import OVSDB
import Testing

struct RowIDTests {
    @Test func `text becomes an identity and back`() {
        let text = "2f77b348-9768-4866-b761-89d5177ecdab"
        #expect(RowID(text)?.description == text)
        #expect(RowID("2F77B348-9768-4866-B761-89D5177ECDAB")?.description == text)
    }

    @Test(arguments: [
        "", "2f77b348", "2f77b348-9768-4866-b761-89d5177ecda", "2f77b348-9768-4866-b761-89d5177ecdabc",
        "2f77b348-9768-4866-b761-89d5177ecdag", "2f77b34809768-4866-b761-89d5177ecdab",
    ])
    func `other text is none`(text: String) { #expect(RowID(text) == nil) }

    @Test func `random ones differ and are of version 4`() {
        let one = RowID.random()
        #expect(one != RowID.random())
        #expect(one.description.dropFirst(14).first == "4")
        #expect("89ab".contains(one.description.dropFirst(19).prefix(1)))
    }

    @Test func `they have the order of their text`() {
        let ids = (0..<100).map { _ in RowID.random() }
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }
}
