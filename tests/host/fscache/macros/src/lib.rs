// SPDX-License-Identifier: GPL-2.0-only

//! Stand-ins for attributes of the kernel crate.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Stands in for the kernel's `#[pin_data]`: takes `#[pin]` off the fields.
#[proc_macro_attribute]
pub fn pin_data(_: TokenStream, item: TokenStream) -> TokenStream {
    without_pin(item)
}

fn without_pin(tokens: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.to_string().replace(' ', "") == "[pin]" => {
                // And the `#` before it.
                out.pop();
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inner = without_pin(group.stream());
                out.push(Group::new(group.delimiter(), inner).into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}
