using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Portal.Accounts;
using Portal.Model.Compute;

namespace Portal.Compute;

public sealed partial class ConsoleTab(ConsoleTickets tickets, CurrentActor current, IJSRuntime js) : IAsyncDisposable
{
    private ConsoleInBrowser? console;
    private ElementReference screen;
    private ConsoleKind? shown;
    private string sentence = "";
    private bool open;

    [Parameter, EditorRequired]
    public Instance Instance { get; set; } = null!;

    // From the page, which takes it from the address: a component that asks for a part of the address itself, and comes in by a change of
    // that address, ends the circuit (the framework is walking through those who asked).
    [Parameter]
    public string? KindName { get; set; }

    private ConsoleKind Kind =>
        string.Equals(KindName, "graphical", StringComparison.OrdinalIgnoreCase) ? ConsoleKind.Graphical : ConsoleKind.Text;

    private string Hint =>
        Kind is ConsoleKind.Text
            ? "Select with the mouse; Ctrl+Shift+C copies, Ctrl+Shift+V pastes (⌘C and ⌘V on a Mac). Press Enter if nothing appears. "
                + "A serial line does not tell the guest how large this window is: at a shell's prompt, Fit shell to window types it there, "
                + "and again whenever the window changes."
            : "Paste types the clipboard's text as a US keyboard would.";

    private string? WhyNotType => open ? null : "It is not connected.";

    public async ValueTask DisposeAsync()
    {
        if (console is not null)
        {
            await console.DisposeAsync();
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (shown != Kind && Instance.WhyNotConsole is null)
        {
            shown = Kind;
            await ConnectAsync();
        }
    }

    private async Task ConnectAsync()
    {
        (open, sentence) = (false, "Connecting…");
        StateHasChanged();
        console ??= new ConsoleInBrowser(js, ToldAsync);
        var ticket = await tickets.IssueAsync(await current.GetAsync(), Instance.Id, Kind, CancellationToken.None);
        if (ticket.Value is { } issued)
        {
            await console.OpenAsync(screen, Kind, issued);
        }
        else
        {
            sentence = ticket.Reason!;
        }

        StateHasChanged();
    }

    private Task ToldAsync(string state, string what) =>
        InvokeAsync(() =>
        {
            (open, sentence) = (state is "open", state is "open" ? "Connected" : what);
            StateHasChanged();
        });

    private Task CallAsync(string verb) => console?.CallAsync(verb) ?? Task.CompletedTask;
}
