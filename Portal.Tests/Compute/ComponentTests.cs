using System.Net;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using MudBlazor.Services;
using Portal.Compute;
using Portal.Model.Compute;
using Portal.Shared;

namespace Portal.Tests.Compute;

public sealed class ComponentTests : BunitContext
{
    private static readonly DateTimeOffset Now = AnAccount.Now;

    [Fact]
    public void A_button_that_cannot_be_pressed_says_why_and_does_nothing()
    {
        var pressed = 0;
        var button = Render<ActionButton>(parameters =>
            parameters
                .Add(button => button.Why, "Only a stopped instance can be started; this one is running.")
                .Add(button => button.OnPress, EventCallback.Factory.Create(this, () => pressed++))
                .AddChildContent("Start")
        );
        button.Find("button").Click();
        var reason = button.Find($"#{button.Find("button").GetAttribute("aria-describedby")}");
        Assert.Equal(
            (0, "true", "Only a stopped instance can be started; this one is running."),
            (pressed, button.Find("button").GetAttribute("aria-disabled"), reason.TextContent)
        );
    }

    [Fact]
    public void A_button_that_can_be_pressed_is()
    {
        var pressed = 0;
        var button = Render<ActionButton>(parameters =>
            parameters.Add(button => button.OnPress, EventCallback.Factory.Create(this, () => pressed++)).AddChildContent("Start")
        );
        button.Find("button").Click();
        Assert.Equal((1, null), (pressed, button.Find("button").GetAttribute("aria-disabled")));
    }

    [Fact]
    public void A_button_that_is_clicked_twice_is_pressed_once_until_what_it_does_is_done()
    {
        var (pressed, done) = (0, new TaskCompletionSource());
        var button = Render<ActionButton>(parameters =>
            parameters
                .AddChildContent("Start")
                .Add(
                    button => button.OnPress,
                    EventCallback.Factory.Create(
                        this,
                        async () =>
                        {
                            pressed++;
                            await done.Task;
                        }
                    )
                )
        );
        button.Find("button").Click();
        button.Find("button").Click();
        Assert.Equal(1, pressed);
        done.SetResult();
        button.WaitForAssertion(() =>
        {
            button.Find("button").Click();
            Assert.Equal(2, pressed);
        });
    }

    [Fact]
    public void User_data_from_a_file_that_is_no_text_stands_in_the_field_as_base64_and_counts_as_what_is_sent()
    {
        byte[] packed = Convert.FromBase64String("H4sIAAAAAAAC/1NW1E/KzNMvzuACAB2d+wQKAAAA"); // #!/bin/sh
        string? typed = null;
        var field = Render<UserDataField>(parameters =>
            parameters.Add(field => field.Id, "user-data").Add(field => field.ValueChanged, text => typed = text)
        );
        field.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromBinary(packed, "user-data.gz"));
        field.WaitForAssertion(() => Assert.Equal(packed, Convert.FromBase64String(typed ?? "")));
        Assert.Equal($"{packed.Length} of 16,384 bytes", field.Find("[role=status]").TextContent.Trim());
        Assert.Empty(field.FindAll("[role=alert]"));

        field.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromText("#cloud-config\na: [\n", "user-data"));
        field.WaitForAssertion(() =>
            Assert.Equal("User data is not valid YAML: line 2, column 5.", field.Find("[role=alert]").TextContent.Trim())
        );
        field.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromBinary(new byte[UserData.MaxTyped + 1], "disk.img"));
        field.WaitForAssertion(() =>
            Assert.Equal("disk.img is 70,001 bytes; at most 16,384 are allowed.", field.Find("[role=alert]").TextContent.Trim())
        );
    }

    [Fact]
    public async Task What_may_hold_much_more_than_it_seems_is_looked_at_by_one_page_at_a_time()
    {
        using var both = new Barrier(2);
        string Look() => both.SignalAndWait(TimeSpan.FromMilliseconds(200)) ? "together" : "alone";
        string?[] seen = await Task.WhenAll(
            Enumerable.Range(0, 2).Select(_ => UserDataLook.WhyNotAsync("#include\nhttps://example.com/", Look, default))
        );
        Assert.Equal(["alone", "alone"], seen);
    }

    [Fact]
    public void Steps_show_what_is_done_how_long_it_took_and_what_goes_on()
    {
        var instance = AnInstance().Requested(Now);
        instance.ObserveStep(InstanceStep.Address, Now.AddSeconds(0.4));
        instance.ObserveStep(InstanceStep.Disk, Now.AddSeconds(1.7));
        Assert.Equal(
            ["done Accepted 12:00:00", "done Address 0.4 s", "done Disk 1.3 s", "now Boot …", "next SSH answers"],
            Steps(instance)
        );
    }

    [Fact]
    public void After_a_reboot_only_boot_and_ssh_took_time()
    {
        var instance = AnInstance().Requested(Now);
        instance.ObserveStep(InstanceStep.Address, Now.AddSeconds(1));
        instance.ObserveStep(InstanceStep.Disk, Now.AddSeconds(2));
        instance.Observe(new MachineObservation(MachinePower.Running, 0, SshAnswers: true, null, null), Now.AddSeconds(3));
        Assert.True(instance.RequestReboot(Now.AddHours(1)).IsDone);
        Assert.Equal(
            ["done Accepted 13:00:00", "done Address 0.0 s", "done Disk 0.0 s", "now Boot …", "next SSH answers"],
            Steps(instance)
        );
    }

    [Fact]
    public void A_failed_start_shows_where_it_failed()
    {
        var instance = AnInstance().Requested(Now);
        instance.ObserveStep(InstanceStep.Address, Now.AddSeconds(1));
        instance.Fail("The image is not there.");
        Assert.Equal("failed Disk", Steps(instance)[2]);
    }

    [Fact]
    public void Typing_into_the_last_row_of_the_tags_adds_one()
    {
        List<TagRow> tags = [];
        var editor = Render<TagsEditor>(parameters => parameters.Add(editor => editor.Tags, tags));
        editor.Find("input[aria-label='Tag name']").Change("env");
        editor.FindAll("input[aria-label='Tag value']")[0].Change("test");
        Assert.Equal(2, editor.FindAll(".tag-row").Count);
        Assert.Equal(new Dictionary<string, string> { ["env"] = "test" }, TagRow.ToTags(tags));
        editor.Find("button[aria-label='Remove the tag env']").Click();
        Assert.Empty(tags);
    }

    [Fact]
    public async Task What_destroys_is_done_only_after_its_name_was_typed()
    {
        Services.AddMudServices();
        JSInterop.Mode = JSRuntimeMode.Loose;
        var host = Render<MudBlazor.MudDialogProvider>();
        var dialogs = Services.GetService<MudBlazor.IDialogService>()!;
        var asked = await host.InvokeAsync(() =>
            Task.FromResult(ConfirmDialog.ShowAsync(dialogs, new Confirmation("Terminate web?", "Gone for good.", "Terminate", "web")))
        );
        host.WaitForAssertion(() => host.Find("#confirm-word"));
        Assert.Equal("true", host.Find(".button.danger").GetAttribute("aria-disabled"));
        host.Find(".button.danger").Click();
        Assert.False(asked.IsCompleted);
        host.Find("#confirm-word").Input("web");
        host.Find(".button.danger").Click();
        Assert.True(await asked);
    }

    private string[] Steps(Instance instance) =>
        [
            .. Render<InstanceSteps>(parameters => parameters.Add(steps => steps.Instance, instance))
                .FindAll("li")
                .Select(step =>
                    string.Join(
                        ' ',
                        new[] { step.ClassName }
                            .Concat(step.QuerySelectorAll("span").Select(span => span.TextContent))
                            .Where(text => !string.IsNullOrEmpty(text))
                    )
                ),
        ];

    private static Instance AnInstance() =>
        new()
        {
            Id = "i-1",
            AccountId = "acc-1",
            Name = "web",
            CreatedAt = Now,
            ProjectId = "p",
            RegionId = "local",
            ImageId = "ami-1",
            SizeId = "t1.nano",
            Vcpus = 1,
            MemoryMiB = 512,
            NetworkId = "vpc-1",
            Address = IPAddress.Loopback,
            RequestToken = "t",
            RequestIndex = 0,
        };
}
