//! lists — for each name other names: who depends on it, what it completes. All of them in one piece of memory, as there
//! are many.

use super::order;
use crate::universe::{NameId, Universe};

/// A list of names for each name.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Of each name, where its list begins, and the end of the last.
    begins: Vec<u32>,
    items: Vec<NameId>,
    /// Names and what comes last in their lists; these are few.
    late: Vec<(NameId, NameId)>,
}

impl Lists {
    /// The lists of `names` names. `each` gives, twice in the same way, pairs of a name and what stands in its list; those of
    /// `late` come last, in their order.
    pub(crate) fn new(
        names: usize,
        each: impl Fn(&mut dyn FnMut(NameId, NameId)),
        late: Vec<(NameId, NameId)>,
    ) -> Lists {
        let mut begins = vec![0u32; names + 1];
        each(&mut |name, _| begins[name as usize + 1] += 1);
        for index in 0..names {
            begins[index + 1] += begins[index];
        }
        let mut next = begins.clone();
        let mut items = vec![0; begins[names] as usize];
        each(&mut |name, item| {
            let at = &mut next[name as usize];
            items[*at as usize] = item;
            *at += 1;
        });
        Lists { begins, items, late }
    }

    /// The list of a name but for what comes last, in no order; a name may be there more than once. Empty for a name that
    /// was not known.
    pub(super) fn early(&self, name: NameId) -> &[NameId] {
        match self.begins.get(name as usize..name as usize + 2) {
            Some(&[begin, end]) => &self.items[begin as usize..end as usize],
            _ => &[],
        }
    }

    /// What comes last in the list of a name.
    pub(super) fn late(&self, name: NameId) -> impl Iterator<Item = NameId> + '_ {
        self.late.iter().filter(move |(own, _)| *own == name).map(|(_, item)| *item)
    }

    /// The list of a name as the reference has it, each name once.
    pub fn sorted(&self, universe: &Universe<'_>, name: NameId) -> Vec<NameId> {
        let mut list = self.early(name).to_vec();
        order::sort(universe, &mut list);
        for item in self.late(name) {
            if !list.contains(&item) {
                list.push(item);
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own() {
        let pairs = [(2, 5), (0, 7), (2, 6), (2, 5)];
        let lists = Lists::new(
            3,
            |take| pairs.iter().for_each(|&(name, item)| take(name, item)),
            vec![(2, 1), (0, 7), (2, 4)],
        );
        let early = [lists.early(0), lists.early(1), lists.early(2), lists.early(3)];
        assert_eq!(early, [&[7][..], &[], &[5, 6, 5], &[]]);
        assert_eq!(lists.late(2).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(lists.late(1).count(), 0);
    }
}
