using System.Text;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

public sealed class InstanceFormTests
{
    private static readonly NewInstances Good = new()
    {
        Name = "web",
        ImageId = "ami-1",
        SizeId = "t1.nano",
        RequestToken = "t",
    };

    [Theory]
    [InlineData("web")]
    [InlineData("Größe 日本 🦅")]
    [InlineData("it's \"quoted\" <b>&amp;</b>")]
    public void A_name_may_be_any_printable_text(string name) => Assert.True(CreateInstance.Check(Good with { Name = name }).IsDone);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\u0000b")]
    [InlineData("a\nb")]
    [InlineData("a\u202Eb")]
    public void A_name_that_cannot_be_seen_is_refused(string name) => Assert.False(CreateInstance.Check(Good with { Name = name }).IsDone);

    [Fact]
    public void Half_a_surrogate_pair_is_no_name() => Assert.False(CreateInstance.Check(Good with { Name = "a" + '\uD800' }).IsDone);

    [Fact]
    public void A_name_has_at_most_255_characters_with_its_number()
    {
        Assert.True(CreateInstance.Check(Good with { Name = new string('a', 255) }).IsDone);
        Assert.False(CreateInstance.Check(Good with { Name = new string('a', 256) }).IsDone);
        Assert.False(CreateInstance.Check(Good with { Name = new string('a', 254), Count = 2 }).IsDone);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void One_to_ten_at_a_time(int count) => Assert.False(CreateInstance.Check(Good with { Count = count }).IsDone);

    [Fact]
    public void User_data_of_16_KiB_passes_and_one_byte_more_does_not()
    {
        var script = "#!" + new string('x', UserData.MaxBytes - 2);
        Assert.True(CreateInstance.Check(Good with { UserData = script }).IsDone);
        Assert.Equal(
            "User data is 16,385 bytes; at most 16,384 are allowed.",
            CreateInstance.Check(Good with { UserData = script + "x" }).Reason
        );
        Assert.False(CreateInstance.Check(Good with { UserData = "#!" + new string('é', UserData.MaxBytes / 2) }).IsDone);
    }

    [Theory]
    [InlineData("#cloud-config\npackages: [htop", "line 2, column 16")]
    [InlineData("#cloud-config\n- a\n- b", "one YAML mapping")]
    [InlineData("#cloud-config\njust text", "one YAML mapping")]
    [InlineData("#cloud-config\na: 1\n---\nb: 2", "one YAML mapping")]
    [InlineData("#cloud-config\na: *nowhere", "*nowhere")]
    [InlineData("packages: [htop]", "must begin with")]
    [InlineData("#!/bin/sh\0", "zero byte")]
    public void User_data_that_cloud_init_would_not_take_is_refused(string text, string reason) =>
        Assert.Contains(reason, CreateInstance.Check(Good with { UserData = text }).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("#cloud-config")]
    [InlineData("#cloud-config\n{}")]
    [InlineData("#cloud-config\nusers: &all [default]\ngroups: *all\n")]
    public void User_data_that_cloud_init_takes_passes(string text) => Assert.Null(UserData.Check(text).Reason);

    [Fact]
    public void User_data_that_refers_to_itself_or_multiplies_is_looked_at_in_no_time()
    {
        // Each of these once ended the process, or kept a core busy for ever: they were built as documents, whose nodes were then compared.
        var doubling = string.Concat(Enumerable.Range(1, 40).Select(n => $"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n"));
        Assert.NotNull(UserData.Check("#cloud-config\n? &a [*a]\n: 1\n").Reason);
        Assert.True(UserData.Check($"#cloud-config\na0: &a0 [x, x]\n{doubling}? *a40\n: 1\n").IsDone);
        Assert.Contains("nests deeper", UserData.Check("#cloud-config\na: " + new string('[', 16_000)).Reason, StringComparison.Ordinal);
        Assert.Contains("nests deeper", UserData.Check("#cloud-config\na: " + new string('{', 16_000)).Reason, StringComparison.Ordinal);
        Assert.Contains(
            "nests deeper",
            UserData.Check("#cloud-config\na:\n  " + string.Concat(Enumerable.Repeat("- ", 8_000))).Reason,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("aws:name", "x")]
    [InlineData("a\u200Bb", "x")]
    public void A_tag_outside_of_EC2s_limits_is_refused(string key, string value) =>
        Assert.False(CreateInstance.Check(Good with { Tags = new Dictionary<string, string> { [key] = value } }).IsDone);

    [Fact]
    public void Fifty_tags_pass_and_one_more_does_not()
    {
        Dictionary<string, string> Some(int count) => Enumerable.Range(0, count).ToDictionary(n => $"key{n}", _ => "value");
        Assert.True(CreateInstance.Check(Good with { Tags = Some(50) }).IsDone);
        Assert.False(CreateInstance.Check(Good with { Tags = Some(51) }).IsDone);
    }

    [Theory]
    [InlineData("Zoë", "zoe")]
    [InlineData("Zoe\u0308", "zoe")]
    [InlineData("Ōsaka Übung №1", "osaka-ubung-1")]
    [InlineData("Łódź/Straße", "lodz-strasse")]
    [InlineData("Đặng Nguyễn", "dang-nguyen")]
    [InlineData("ÆØÅ", "aeoa")]
    [InlineData("日本", null)]
    public void A_host_name_spells_accents_without_them(string name, string? host) => Assert.Equal(host, InstanceName.HostName(name));

    [Fact]
    public void A_suggested_name_is_a_good_name_and_a_host_name_too() =>
        Assert.All(
            Enumerable.Range(0, 100).Select(_ => InstanceName.Suggest()),
            name =>
                Assert.True(
                    ResourceName.Check(name).IsDone && Encoding.ASCII.GetBytes(name).All(b => char.IsAsciiLetterLower((char)b) || b == '-')
                )
        );
}
